// Memory that was freed and will be wanted again at once.
#ifndef PACELINE_COMMON_DAEMON_FREED_MEMORY_H_
#define PACELINE_COMMON_DAEMON_FREED_MEMORY_H_

namespace paceline {

// Lets glibc keep the memory of big messages instead of giving it back to the
// kernel each time: fresh pages cost more than the copy. Early in main.
void KeepFreedMemory();

}  // namespace paceline

#endif  // PACELINE_COMMON_DAEMON_FREED_MEMORY_H_
