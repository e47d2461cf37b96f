// Reading whole files, and refusing what is not one.
#include "webhook/reload/read_file.h"

#include <filesystem>

#include <sys/stat.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/webhook/test_client.h"

namespace writ::server {
namespace {

using testing::HasSubstr;

TEST(ReadWholeFile, ReadsToTheEnd) {
  test::TempFolder folder;
  const std::string text(200'000, 'x');
  test::WriteFile(folder / "a", text);
  EXPECT_EQ(text, *ReadWholeFile(folder / "a", text.size()));
  EXPECT_EQ(ErrorCode::kTooLarge, ReadWholeFile(folder / "a", text.size() - 1).error().code);
  test::WriteFile(folder / "empty", "");
  EXPECT_EQ("", *ReadWholeFile(folder / "empty", 1));
  std::filesystem::create_symlink(folder / "a", folder / "link");
  EXPECT_EQ(text, *ReadWholeFile(folder / "link", text.size()));
  EXPECT_THAT(*ReadWholeFile("/proc/self/status", 100'000), HasSubstr("Pid:"));  // its size is said to be 0
  EXPECT_EQ(ErrorCode::kTooLarge, ReadWholeFile("/proc/self/status", 10).error().code);
}

TEST(ReadWholeFile, RefusesWhatIsNotAFile) {
  test::TempFolder folder;
  ASSERT_EQ(0, mkfifo((folder / "pipe").c_str(), 0600));
  for (const std::string& path :
       {folder / "pipe", folder.path(), std::string("/dev/zero"), std::string("/dev/tty"), std::string("/proc/kmsg")}) {
    SCOPED_TRACE(path);
    const Result<std::string> read = ReadWholeFile(path, 1'000'000);
    ASSERT_FALSE(read.ok());
    EXPECT_EQ(ErrorCode::kUnreadable, read.error().code);
    EXPECT_THAT(read.error().message, HasSubstr(path + ": "));
  }
  EXPECT_EQ(ErrorCode::kNotFound, ReadWholeFile(folder / "none", 1).error().code);
  EXPECT_EQ(ErrorCode::kNotFound, ReadWholeFile(folder / "pipe/none", 1).error().code);
}

}  // namespace
}  // namespace writ::server
