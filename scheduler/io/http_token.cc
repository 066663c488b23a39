#include "scheduler/io/http_token.h"

#include <fcntl.h>
#include <openssl/crypto.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace paceline::scheduler {
namespace {

constexpr size_t kBytes = 32;

absl::Status ErrnoOf(const std::string& path) {
  return absl::ErrnoToStatus(errno, absl::StrCat("cannot use ", path));
}

// Closes it in the end.
class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }

 private:
  const int fd_;
};

absl::StatusOr<std::string> Load(int fd, const std::string& path) {
  struct stat facts;
  if (fstat(fd, &facts) != 0) return ErrnoOf(path);
  if (!S_ISREG(facts.st_mode) || (facts.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    return absl::FailedPreconditionError(
        absl::StrFormat("%s: a file that only its owner can read expected (mode 600), got mode "
                        "%o; remove it for a new one",
                        path, facts.st_mode & 07777));
  }
  // One more than fits: something else shows.
  std::array<char, 2 * kBytes + 2> text;
  const ssize_t size = read(fd, text.data(), text.size());
  if (size < 0) return ErrnoOf(path);
  const std::string token(absl::StripTrailingAsciiWhitespace(
      absl::string_view(text.data(), static_cast<size_t>(size))));
  if (token.size() == 2 * kBytes &&
      std::all_of(token.begin(), token.end(), [](char c) { return absl::ascii_isxdigit(c); })) {
    return token;
  }
  return absl::FailedPreconditionError(
      absl::StrCat(path, ": ", 2 * kBytes, " hexadecimal digits expected; remove it for new ones"));
}

// Under another name first: a crash leaves no half token behind.
absl::StatusOr<std::string> Make(const std::string& path) {
  std::array<char, kBytes> random;
  if (getentropy(random.data(), random.size()) != 0) return ErrnoOf("the system's random numbers");
  const std::string token = absl::BytesToHexString(absl::string_view(random.data(), random.size()));
  const std::string line = absl::StrCat(token, "\n");
  const std::string fresh = absl::StrCat(path, ".new");
  unlink(fresh.c_str());
  const Descriptor file(open(fresh.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (file.get() < 0 ||
      write(file.get(), line.data(), line.size()) != static_cast<ssize_t>(line.size()) ||
      fsync(file.get()) != 0 || std::rename(fresh.c_str(), path.c_str()) != 0) {
    return ErrnoOf(path);
  }
  return token;
}

}  // namespace

absl::StatusOr<std::string> LoadOrMakeHttpToken(const std::string& path) {
  const Descriptor file(open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
  if (file.get() >= 0) return Load(file.get(), path);
  return errno == ENOENT ? Make(path) : ErrnoOf(path);
}

bool SameToken(absl::string_view a, absl::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace paceline::scheduler
