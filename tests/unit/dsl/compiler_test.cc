// The front header: files in, program or diagnostics out.
#include "dsl/compiler.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "rules/ir/verify.h"

namespace writ::dsl {
namespace {

namespace fs = std::filesystem;

class Files : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::temp_directory_path() / ("writ_compiler_test_" + std::to_string(getpid()));
    fs::create_directories(folder_ / "sub");
  }
  void TearDown() override { fs::remove_all(folder_); }
  std::string Write(const std::string& name, const std::string& text) {
    std::ofstream(folder_ / name) << text;
    return (folder_ / name).string();
  }
  fs::path folder_;
};

TEST_F(Files, FindsPoliciesBelowAFolder) {
  const std::string b = Write("sub/b.writ", "");
  const std::string a = Write("a.writ", "");
  Write("notes.txt", "");
  fs::create_directories(folder_ / "..data");
  Write("..data/a.writ", "");
  const auto found = FindPolicyFiles(folder_.string());
  ASSERT_TRUE(found);
  EXPECT_EQ(*found, (std::vector<std::string>{a, b}));
  EXPECT_EQ(*FindPolicyFiles(a), std::vector<std::string>{a});
}

TEST_F(Files, SaysWhatCannotBeFound) {
  const std::string missing = (folder_ / "no").string();
  const auto no_path = FindPolicyFiles(missing);
  ASSERT_FALSE(no_path);
  EXPECT_EQ(no_path.error().code, ErrorCode::kNotFound);
  EXPECT_EQ(no_path.error().message, missing + ": no such file or directory");
  const auto empty = FindPolicyFiles(folder_.string());
  ASSERT_FALSE(empty);
  EXPECT_EQ(empty.error().message, folder_.string() + ": the directory has no policies (*.writ)");
}

TEST_F(Files, SaysWhatCannotBeRead) {
  const std::string paths[] = {folder_.string(), (folder_ / "no.writ").string(), Write("big.writ", std::string(100, ' '))};
  SourceLimits limits;
  limits.max_file_bytes = 99;
  const char* expected[] = {": is a directory", ": no such file", ": larger than 99 bytes"};
  const ErrorCode codes[] = {ErrorCode::kUnreadable, ErrorCode::kNotFound, ErrorCode::kTooLarge};
  for (std::size_t i = 0; i < 3; ++i) {
    const auto read = ReadPolicyFiles({&paths[i], 1}, limits);
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().message, paths[i] + expected[i]);
    EXPECT_EQ(read.error().code, codes[i]);
  }
}

TEST_F(Files, RefusesWhatIsNoPolicy) {
  const std::string empty = Write("empty.writ", "");
  const auto read = ReadPolicyFiles({&empty, 1});
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().message, empty + ": is empty");
  const std::string blank = Write("blank.writ", " \r\n\t\n");
  EXPECT_FALSE(ReadPolicyFiles({&blank, 1}));
  const std::string pipe = (folder_ / "pipe.writ").string();
  ASSERT_EQ(0, mkfifo(pipe.c_str(), 0600));
  const auto found = FindPolicyFiles(folder_.string());
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().message, pipe + ": is not a regular file");
}

TEST(Compiler, StrictMakesWarningsErrors) {
  CompileOptions options;
  EXPECT_TRUE(CompilePolicies({{"p", "policy p for tools { allow when true }"}}, options).program.has_value());
  options.strict = true;
  const Compilation strict = CompilePolicies({{"p", "policy p for tools { allow when true }"}}, options);
  EXPECT_FALSE(strict.program.has_value());
  EXPECT_EQ(strict.error_count, 1U);
}

TEST(Compiler, AnEmptyFileIsAnEmptyProgram) {
  const Compilation compilation = CompilePolicies({{"p", ""}});
  ASSERT_TRUE(compilation.program.has_value());
  EXPECT_TRUE(compilation.program->rules.empty());
}

// The project's own policies compile without a word, optimised and not.
TEST(Compiler, TheLibraryCompiles) {
  const auto paths = FindPolicyFiles(std::string(WRIT_SOURCE_DIR) + "/policies");
  ASSERT_TRUE(paths);
  for (const bool optimize : {true, false}) {
    CompileOptions options;
    options.optimize = optimize;
    const Compilation compilation = CompilePolicies(*ReadPolicyFiles(*paths), options);
    for (const Diagnostic& diagnostic : compilation.diagnostics) ADD_FAILURE() << RenderDiagnostic(diagnostic, compilation.files, false);
    ASSERT_TRUE(compilation.program.has_value());
    EXPECT_TRUE(VerifyProgram(*compilation.program));
  }
}

}  // namespace
}  // namespace writ::dsl
