// The methods of the data plane.
#ifndef PACELINE_SERVER_IO_DATA_PLANE_CALLS_H_
#define PACELINE_SERVER_IO_DATA_PLANE_CALLS_H_

namespace paceline::server {

class DataPlane;

// Waits for one more call of each method.
void AwaitCalls(DataPlane* data_plane);

}  // namespace paceline::server

#endif  // PACELINE_SERVER_IO_DATA_PLANE_CALLS_H_
