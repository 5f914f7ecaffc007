// A file is replaced as a whole or stays as it was.

#include "lamina/core/atomic_file.hpp"

#include <stdexcept>

#include "support/files.hpp"

#if defined(LAMINA_POSIX_FILES)
#include <sys/resource.h>
#include <sys/stat.h>

#include <csignal>
#endif

using namespace lamina;
using Catch::Matchers::ContainsSubstring;
using Catch::Matchers::Message;

TEST_CASE("a file is written and replaced", "[atomic_file]") {
  files::Folder folder;
  const std::string path = folder.path("file");
  write_file_atomically(path, "one");
  CHECK(files::contents(path) == "one");
  write_file_atomically(path, ByteSpan(files::bytes("two")));
  CHECK(files::contents(path) == "two");
  write_file_atomically(path, "");
  CHECK(files::contents(path).empty());

  std::string long_text(200000, 'x');
  write_file_atomically(path, [&](AtomicFile& file) {
    CHECK(file.path() == path);
    file.write("begin ");
    file.write(long_text);
    file.write(" end");
  });
  CHECK(files::contents(path) == "begin " + long_text + " end");
  CHECK(folder.count() == 1);
}

TEST_CASE("what a writer throws leaves the old file", "[atomic_file]") {
  files::Folder folder;
  const std::string path = folder.path("file");
  files::create(path, "old");
  CHECK_THROWS_AS(write_file_atomically(path,
                                        [](AtomicFile& file) {
                                          file.write(std::string(300000, 'x'));
                                          throw std::runtime_error("stop");
                                        }),
                  std::runtime_error);
  CHECK(files::contents(path) == "old");
  CHECK(folder.count() == 1);
  { AtomicFile dropped(folder.path("other")); }
  CHECK(folder.count() == 1);
}

TEST_CASE("a file that cannot be written: the error names it", "[atomic_file]") {
  files::Folder folder;
  CHECK_THROWS_AS(write_file_atomically(folder.path(), "x"), FileError);
  const std::string path = folder.path("no folder/file");
  CHECK_THROWS_MATCHES(
      write_file_atomically(path, "x"), FileError,
      Message(path + ": a temporary file in its folder cannot be made: No such file or directory"));
  CHECK_THROWS_AS(write_file_atomically(std::string("a\0b", 3), "x"), FileError);
  CHECK(folder.count() == 0);
}

#if defined(LAMINA_POSIX_FILES)

TEST_CASE("a full disk leaves the old file and nothing else", "[atomic_file]") {
  // A limit on the size of files does what a full disk does: write() writes a part, then nothing.
  files::Folder folder;
  const std::string path = folder.path("file"), text(500000, 'x');
  files::create(path, "old");
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  rlimit before{};
  REQUIRE(getrlimit(RLIMIT_FSIZE, &before) == 0);
  rlimit small = before;
  small.rlim_cur = 100000;
  REQUIRE(setrlimit(RLIMIT_FSIZE, &small) == 0);
  std::string message;
  try {
    write_file_atomically(path, text);
  } catch (const FileError& error) {
    message = error.what();
  }
  setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, handler);
  CHECK(message == path + ": cannot be written: File too large");
  CHECK(files::contents(path) == "old");
  CHECK(folder.count() == 1);
}

TEST_CASE("a device is written to directly, and its errors are reported", "[atomic_file]") {
  if (!std::filesystem::exists("/dev/full")) LAMINA_SKIP("no /dev/full");
  CHECK_THROWS_MATCHES(write_file_atomically("/dev/full", "x"), FileError,
                       Message("/dev/full: cannot be written: No space left on device"));
  CHECK_NOTHROW(write_file_atomically("/dev/null", "x"));
  CHECK(std::filesystem::is_character_file("/dev/null"));
}

TEST_CASE("permissions are kept and links are followed", "[atomic_file]") {
  files::Folder folder;
  const std::string path = folder.path("file"), link = folder.path("link");
  files::create(path, "old");
  REQUIRE(chmod(path.c_str(), 0640) == 0);
  std::filesystem::create_symlink(path, link);
  write_file_atomically(link, "over the link");
  CHECK(std::filesystem::is_symlink(link));
  CHECK(files::contents(path) == "over the link");

  // A link to a link to what is not there yet.
  const std::string later = folder.path("later"), again = folder.path("again");
  std::filesystem::create_symlink("missing", later);
  std::filesystem::create_symlink(later, again);
  write_file_atomically(again, "over both");
  CHECK(std::filesystem::is_symlink(later));
  CHECK(std::filesystem::is_symlink(again));
  CHECK(files::contents(folder.path("missing")) == "over both");
  struct stat status {};
  REQUIRE(stat(path.c_str(), &status) == 0);
  CHECK((status.st_mode & 07777) == 0640);
}

#endif
