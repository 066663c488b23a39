// Calls that come one at a time: what any client of the service may do.
#ifndef PACELINE_SERVER_IO_UNARY_CALLS_H_
#define PACELINE_SERVER_IO_UNARY_CALLS_H_

namespace paceline::server {

class DataPlane;

// Serves every method, as long as the queue is open; `ahead` calls of each may arrive at once.
void ServeUnaryCalls(DataPlane* data_plane, int ahead);

}  // namespace paceline::server

#endif  // PACELINE_SERVER_IO_UNARY_CALLS_H_
