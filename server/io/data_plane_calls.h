// The calls of the data plane between their arrival and their end.
#ifndef PACELINE_SERVER_IO_DATA_PLANE_CALLS_H_
#define PACELINE_SERVER_IO_DATA_PLANE_CALLS_H_

#include <functional>

namespace paceline::server {

class DataPlane;

// What a tag of the completion queue points to: called with the event's `ok`.
using CallEvent = std::function<void(bool)>;

// Waits for one more call of each method.
void AwaitCalls(DataPlane* data_plane);

}  // namespace paceline::server

#endif  // PACELINE_SERVER_IO_DATA_PLANE_CALLS_H_
