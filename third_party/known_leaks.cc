// What Debian's libraries leak, and LeakSanitizer is not to hold against a test.
//
// c-ares 1.18 keeps a name for each line of /etc/hosts that fits, and frees the last: how many
// bytes a test leaks depends on the machine's file.
extern "C" const char* __lsan_default_suppressions();
extern "C" const char* __lsan_default_suppressions() { return "leak:libcares.so\n"; }
