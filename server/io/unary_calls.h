// Calls that come one at a time: what any client of the service may do.
#ifndef PACELINE_SERVER_IO_UNARY_CALLS_H_
#define PACELINE_SERVER_IO_UNARY_CALLS_H_

namespace paceline::server {

class DataPlane;

// Waits for one more call of each method.
void AwaitUnaryCalls(DataPlane* data_plane);

}  // namespace paceline::server

#endif  // PACELINE_SERVER_IO_UNARY_CALLS_H_
