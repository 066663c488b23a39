// Calls that come by a stream: what ranks use.
#ifndef PACELINE_SERVER_IO_STREAMED_CALLS_H_
#define PACELINE_SERVER_IO_STREAMED_CALLS_H_

namespace paceline::server {

class DataPlane;

// Waits for one more stream.
void AwaitStreams(DataPlane* data_plane);

}  // namespace paceline::server

#endif  // PACELINE_SERVER_IO_STREAMED_CALLS_H_
