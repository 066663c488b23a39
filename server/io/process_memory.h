// What this process takes of the machine's memory.
//
// Thread-safe: functions without state.
#ifndef PACELINE_SERVER_IO_PROCESS_MEMORY_H_
#define PACELINE_SERVER_IO_PROCESS_MEMORY_H_

#include <cstdint>

namespace paceline::server {

// Resident bytes, or 0 when the system does not say.
uint64_t ResidentBytes();

// Physical memory of the machine [bytes].
uint64_t MachineBytes();

}  // namespace paceline::server

#endif  // PACELINE_SERVER_IO_PROCESS_MEMORY_H_
