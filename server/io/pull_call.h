// The Pull method of the data plane.
#ifndef PACELINE_SERVER_IO_PULL_CALL_H_
#define PACELINE_SERVER_IO_PULL_CALL_H_

namespace paceline::server {

class DataPlane;

// Waits for one more call.
void AwaitPull(DataPlane* data_plane);

}  // namespace paceline::server

#endif  // PACELINE_SERVER_IO_PULL_CALL_H_
