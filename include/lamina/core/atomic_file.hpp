// Part of Lamina, https://github.com/lamina-cpp/lamina. MIT licence, see LICENSE.
#pragma once

#include <atomic>
#include <cerrno>
#include <concepts>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lamina/core/bytes.hpp"
#include "lamina/core/errors.hpp"

#if __has_include(<unistd.h>)
#define LAMINA_POSIX_FILES 1
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#else
#include <ctime>
#include <filesystem>
#endif

namespace lamina {

/// A file that is replaced as a whole or not at all: what is written goes to a temporary file in the same folder, which
/// commit() makes durable (fsync) and gives the name of the old one (rename). Whatever fails, the old file is as it was
/// and the temporary is removed. A link is followed; the permissions of the old file are kept. A device or a pipe, which
/// has no old contents, is written to directly. Where the system is not POSIX: the same without fsync.
class AtomicFile {
 public:
  /// @throws FileError when the temporary cannot be made, or the file is a directory or may not be written.
  explicit AtomicFile(std::string path) : path_(std::move(path)) {
    detail::check_path(path_);
    open();
  }
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;
  /// Without commit() everything that was written is dropped.
  ~AtomicFile() { discard(); }

  const std::string& path() const { return path_; }

  /// @throws FileError when the bytes cannot be written; then everything is dropped.
  void write(ByteSpan bytes) {
    if (buffer_.size() + bytes.size() <= buffer_size) {
      detail::append_bytes(buffer_, bytes);
      return;
    }
    flush();
    if (bytes.size() <= buffer_size) {
      detail::append_bytes(buffer_, bytes);
    } else {
      put(bytes);
    }
  }
  void write(std::string_view text) { write(std::as_bytes(std::span(text.data(), text.size()))); }

  /// Puts the file in its place. Nothing may be written afterwards.
  /// @throws FileError when it cannot; then everything is dropped.
  void commit() {
    flush();
    replace();
  }

 private:
  static constexpr std::size_t buffer_size = std::size_t{1} << 16;

  void flush() {
    put(buffer_);
    buffer_.clear();
  }

  [[noreturn]] LAMINA_COLD void fail(const char* what, int error) {
    discard();
    detail::fail<FileError>({path_, ": ", what, ": ", detail::system_error_text(error)});
  }

  /// Another name at each call.
  static std::string unique_name() {
    static std::atomic<unsigned> count{0};
    return ".lamina-" + std::to_string(process()) + "-" + std::to_string(count++);
  }

#ifdef LAMINA_POSIX_FILES
  static long long process() { return ::getpid(); }

  void open() {
    struct stat old {};
    const bool exists = ::stat(path_.c_str(), &old) == 0;
    if (!exists && errno != ENOENT) fail("cannot be written", errno);
    if (exists && S_ISDIR(old.st_mode)) fail("cannot be written", EISDIR);
    if (exists && !S_ISREG(old.st_mode)) {
      file_ = ::open(path_.c_str(), O_WRONLY | O_CLOEXEC);
      if (file_ < 0) fail("cannot be opened for writing", errno);
      return;
    }
    target_ = path_;
    if (exists) {
      if (::access(path_.c_str(), W_OK) != 0) fail("cannot be written", errno);
      if (char* const real = ::realpath(path_.c_str(), nullptr)) {
        target_ = real;
        std::free(real);
      }
    }
    for (int links = 0; !exists && links < 40; ++links) {  // a link to nothing yet
      char text[4096];
      const ssize_t size = ::readlink(target_.c_str(), text, sizeof text);
      if (size <= 0 || size == sizeof text) break;
      const std::string next(text, static_cast<std::size_t>(size));
      target_ = (next[0] == '/' ? "" : target_.substr(0, target_.rfind('/') + 1)) + next;
    }
    const std::size_t slash = target_.rfind('/');
    folder_ = slash == std::string::npos ? "." : target_.substr(0, slash + 1);
    for (int attempt = 0; file_ < 0; ++attempt) {
      std::string name = folder_ + (folder_ == "." ? "/" : "") + unique_name();
      file_ = ::open(name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
      if (file_ >= 0) {
        temporary_ = std::move(name);
      } else if (errno != EINTR && (errno != EEXIST || attempt == 1000)) {
        fail("a temporary file in its folder cannot be made", errno);
      }
    }
    // An owner may keep its permissions even where the file system refuses.
    if (exists) static_cast<void>(::fchmod(file_, old.st_mode & 07777) == 0);
  }

  void put(ByteSpan bytes) {
    while (!bytes.empty()) {
      const ssize_t count = ::write(file_, bytes.data(), bytes.size());
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) fail("cannot be written", errno);
      bytes = bytes.subspan(static_cast<std::size_t>(count));
    }
  }

  void replace() {
    const bool direct = temporary_.empty();
    if (!direct && !synchronize(file_)) fail("cannot be written to the disk", errno);
    const int file = std::exchange(file_, -1);
    if (::close(file) != 0 && errno != EINTR) fail("cannot be closed", errno);
    if (direct) return;
    if (::rename(temporary_.c_str(), target_.c_str()) != 0) fail("cannot be replaced", errno);
    temporary_.clear();
    const int folder = ::open(folder_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0) return;  // a folder that may be written but not read
    const bool synchronized = synchronize(folder);
    const int error = errno;
    ::close(folder);
    if (!synchronized) fail("is written, but its name may be lost when the power fails", error);
  }

  /// False when the disk reports an error; true where there is nothing to synchronise.
  static bool synchronize(int file) {
    while (::fsync(file) != 0)
      if (errno != EINTR) return errno == EINVAL || errno == ENOTSUP || errno == EROFS;
    return true;
  }

  void discard() {
    const int error = errno;
    if (file_ >= 0) ::close(std::exchange(file_, -1));
    if (!temporary_.empty()) ::unlink(temporary_.c_str());
    temporary_.clear();
    errno = error;
  }

  int file_ = -1;
  std::string folder_;
#else
  static long long process() { return static_cast<long long>(std::time(nullptr)); }

  void open() {
    std::error_code error;
    if (std::filesystem::is_directory(path_, error)) fail("cannot be written", EISDIR);
    target_ = path_;
    temporary_ = (std::filesystem::path(path_).parent_path() / unique_name()).string();
    file_ = std::fopen(temporary_.c_str(), "wbx");
    if (!file_) {
      temporary_.clear();
      fail("a temporary file in its folder cannot be made", errno);
    }
  }

  void put(ByteSpan bytes) {
    if (!bytes.empty() && std::fwrite(bytes.data(), 1, bytes.size(), file_) != bytes.size())
      fail("cannot be written", errno);
  }

  void replace() {
    std::FILE* const file = std::exchange(file_, nullptr);
    if (std::fclose(file) != 0) fail("cannot be written", errno);
    std::error_code error;
    std::filesystem::rename(temporary_, target_, error);
    if (error) fail("cannot be replaced", error.value());
    temporary_.clear();
  }

  void discard() {
    if (file_) std::fclose(std::exchange(file_, nullptr));
    if (!temporary_.empty()) std::remove(temporary_.c_str());
    temporary_.clear();
  }

  std::FILE* file_ = nullptr;
#endif

  std::string path_, target_, temporary_;
  std::vector<std::byte> buffer_;
};

/// Makes the file's contents `writer(file)`'s, or leaves it as it was, see AtomicFile.
/// @throws FileError when it cannot be written, and what the writer throws.
template <std::invocable<AtomicFile&> Writer>
void write_file_atomically(const std::string& path, Writer&& writer) {
  AtomicFile file(path);
  writer(file);
  file.commit();
}

/// Makes the file's contents these bytes, or leaves it as it was, see AtomicFile. @throws FileError when it cannot be written.
inline void write_file_atomically(const std::string& path, ByteSpan bytes) {
  write_file_atomically(path, [&](AtomicFile& file) { file.write(bytes); });
}
inline void write_file_atomically(const std::string& path, std::string_view text) {
  write_file_atomically(path, [&](AtomicFile& file) { file.write(text); });
}

}  // namespace lamina
