#include "rules/bundle/bundle.h"

#include <gtest/gtest.h>
#include <openssl/sha.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <set>
#include <string>

#include "rules/function/function.h"
#include "tests/support/program_builder.h"

namespace writ {
namespace {

constexpr std::size_t kHeaderBytes = 52;

std::string Load(std::string_view bytes, const BundleLimits& limits = {}) {
  const Result<Bundle> bundle = LoadBundle(bytes, limits);
  return bundle ? "loaded" : std::string(ErrorCodeName(bundle.error().code)) + ": " + bundle.error().message;
}

// Makes length and digest fit again after the body was changed.
std::string Repaired(std::string bundle) {
  const std::uint64_t length = bundle.size() - kHeaderBytes;
  for (std::size_t i = 0; i < 8; ++i) bundle[12 + i] = static_cast<char>(length >> (8 * i) & 0xFFU);
  const auto* body = reinterpret_cast<const unsigned char*>(bundle.data()) + kHeaderBytes;
  SHA256(body, length, reinterpret_cast<unsigned char*>(bundle.data()) + 20);
  return bundle;
}

// A bundle whose body is `body`.
std::string WithBody(std::string_view body) { return Repaired(WriteBundle(Program{}).substr(0, kHeaderBytes) + std::string(body)); }

TEST(Bundle, WriteLoadWriteIsTheSame) {
  const Program program = test::SampleProgram();
  const std::string bytes = WriteBundle(program);
  const Result<Bundle> bundle = LoadBundle(bytes);
  ASSERT_TRUE(bundle) << bundle.error().message;
  EXPECT_TRUE(program == bundle->program.program());
  EXPECT_EQ(DumpProgram(program), DumpProgram(bundle->program.program()));
  EXPECT_TRUE(bytes == WriteBundle(bundle->program.program()));
  EXPECT_TRUE(bytes == WriteBundle(test::SampleProgram()));
  EXPECT_EQ(7U + 64, bundle->digest.size());
}

TEST(Bundle, AnEmptyProgramHasABundle) {
  const std::string bytes = WriteBundle(Program{});
  EXPECT_EQ("loaded", Load(bytes));
  EXPECT_EQ(kHeaderBytes + 16, bytes.size());
}

TEST(Bundle, EveryFlippedBitIsRefused) {
  const std::string bytes = WriteBundle(test::SampleProgram());
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    for (unsigned bit = 0; bit < 8; ++bit) {
      std::string damaged = bytes;
      damaged[i] = static_cast<char>(static_cast<unsigned char>(damaged[i]) ^ (1U << bit));
      const Result<Bundle> bundle = LoadBundle(damaged);
      ASSERT_FALSE(bundle) << "byte " << i << " bit " << bit;
      const ErrorCode wanted = i >= 8 && i < 12 ? ErrorCode::kVersionUnknown : ErrorCode::kCorrupt;
      ASSERT_EQ(wanted, bundle.error().code) << "byte " << i << " bit " << bit;
    }
  }
}

TEST(Bundle, EveryTruncationIsRefused) {
  const std::string bytes = WriteBundle(test::SampleProgram());
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    ASSERT_EQ("corrupt", Load(bytes.substr(0, size)).substr(0, 7)) << size;
    if (size < kHeaderBytes) continue;
    ASSERT_NE("loaded", Load(Repaired(bytes.substr(0, size)))) << size;
  }
}

TEST(Bundle, RefusalsSayWhat) {
  const std::string good = WriteBundle(test::SampleProgram());
  std::string other_version = good;
  other_version[8] = 7;
  BundleLimits small;
  small.max_bytes = 100;
  EXPECT_EQ("corrupt: the bundle is empty", Load(""));
  EXPECT_EQ("corrupt: this is not a bundle: it does not begin with the bytes of one", Load("package acme.fleet\n"));
  EXPECT_EQ("corrupt: the bundle is cut off inside its header, after 10 bytes", Load(good.substr(0, 10)));
  EXPECT_EQ("version_unknown: the bundle has format version 7, this program reads version 3: compile the policies again",
            Load(other_version));
  EXPECT_EQ("too_large: the bundle has " + std::to_string(good.size()) + " bytes, more than the limit of 100", Load(good, small));
  EXPECT_EQ("corrupt: the bundle should have " + std::to_string(good.size() - kHeaderBytes) + " bytes after its header, found " +
                std::to_string(good.size() - kHeaderBytes + 1),
            Load(good + "x"));
  EXPECT_EQ(
      "corrupt: the bundle is damaged at byte " + std::to_string(good.size() - kHeaderBytes) + " of its body: something follows its end",
      Load(Repaired(good + "x")));
}

TEST(Bundle, DamagedBodiesAreRefused) {
  using std::string_literals::operator""s;
  const std::string at = "corrupt: the bundle is damaged at byte ";
  EXPECT_EQ(at + "0 of its body: it ends inside a number", Load(WithBody("")));
  EXPECT_EQ(at + "1 of its body: it ends inside a number", Load(WithBody("\x80")));
  EXPECT_EQ(at + "2 of its body: a number is not written in its shortest form", Load(WithBody("\x80\0"s)));
  EXPECT_EQ(at + "10 of its body: a number is not written in its shortest form", Load(WithBody(std::string(9, '\xff') + "\x7f")));
  EXPECT_EQ(at + "10 of its body: a list is longer than the rest of the bundle", Load(WithBody(std::string(9, '\xff') + "\x01")));
  EXPECT_EQ(at + "2 of its body: the string table has a string of an impossible length", Load(WithBody("\x01\0\0"s)));
  EXPECT_EQ(at + "3 of its body: a string is not in the string table", Load(WithBody("\0\x01\x02"s)));
  EXPECT_EQ("version_unknown: the bundle uses the instruction `Fly`, which this version of writ does not know",
            Load(WithBody("\x01\x03"
                          "Fly\x01\x02"s)));
  // 0 strings, no instructions, no functions, 1 file: a long string of 5 bytes
  EXPECT_EQ(at + "6 of its body: a short string is not in the string table", Load(WithBody("\0\0\0\x01\x01\x05hello"s)));
  // no files, 1 constant of kind 13
  EXPECT_EQ("corrupt: the bundle has a constant of no known kind", Load(WithBody("\0\0\0\0\x01\x0d"s)));
}

TEST(Bundle, WhatLoadsIsVerified) {
  Program program = test::SampleProgram();
  program.code[0].dst = 9;
  EXPECT_EQ("corrupt: block 0, instruction 0: there is no register 9", Load(WriteBundle(program)));
}

TEST(Bundle, NamesAreUnambiguous) {
  std::set<std::string_view> functions, opcodes;
  for (const FunctionInfo& info : kFunctionInfo) EXPECT_TRUE(functions.insert(info.name).second) << info.name;
  for (const OpcodeInfo& info : kOpcodeInfo) EXPECT_TRUE(opcodes.insert(info.name).second) << info.name;
}

// Damaged bundles whose digest fits: the structure and the verifier stand alone. Nothing may crash; what loads must be stable.
TEST(Bundle, RandomDamageBehindAGoodDigest) {
  constexpr std::uint64_t kSeed = 20261121;
  const std::string good = WriteBundle(test::SampleProgram());
  test::Random random(kSeed);
  int loaded = 0;
  for (int i = 0; i < 5'000; ++i) {
    SCOPED_TRACE("seed " + std::to_string(kSeed) + " round " + std::to_string(i));
    std::string bytes = good;
    for (std::size_t n = 1 + random.Below(3); n > 0; --n) {
      bytes[kHeaderBytes + random.Below(bytes.size() - kHeaderBytes)] = static_cast<char>(random.Next());
    }
    const Result<Bundle> bundle = LoadBundle(Repaired(std::move(bytes)));
    if (!bundle) continue;
    ++loaded;
    const std::string written = WriteBundle(bundle->program.program());
    const Result<Bundle> again = LoadBundle(written);
    ASSERT_TRUE(again) << again.error().message;
    ASSERT_TRUE(written == WriteBundle(again->program.program()));
  }
  EXPECT_GT(loaded, 25);
}

// Many references to one string must not make a program that is much larger than its bundle.
TEST(Bundle, LongStringsAreNotShared) {
  Program program;
  for (int i = 0; i < 10; ++i) program.files.emplace_back(1000, 'x');
  EXPECT_GT(WriteBundle(program).size(), 10'000U);
}

std::string FromHex(std::istream& in) {
  std::string bytes;
  std::string digits{std::istreambuf_iterator<char>(in), {}};
  std::erase_if(digits, [](char c) { return c == '\n'; });
  for (std::size_t i = 0; i + 1 < digits.size(); i += 2) bytes += static_cast<char>(std::stoi(digits.substr(i, 2), nullptr, 16));
  return bytes;
}

std::string ToHex(std::string_view bytes) {
  std::string text;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    char room[3];
    std::snprintf(room, sizeof(room), "%02x", static_cast<unsigned char>(bytes[i]));
    text += room;
    if (i % 64 == 63) text += '\n';
  }
  return text + "\n";
}

// The bundle of version 3 that was written when the format was fixed. It is never rewritten while the version is 3: a change
// that breaks this test needs a new version (docs/bundle_format.md, "Version rule").
TEST(Bundle, TheGoldenBundleKeepsLoading) {
  const std::string path = std::string(WRIT_SOURCE_DIR) + "/tests/golden/bundle/v3.writb.hex";
  if (std::getenv("WRIT_WRITE_NEW_GOLDEN_BUNDLE") != nullptr) std::ofstream(path) << ToHex(WriteBundle(test::SampleProgram()));
  std::ifstream file(path);
  ASSERT_TRUE(file) << path;
  const Result<Bundle> bundle = LoadBundle(FromHex(file));
  ASSERT_TRUE(bundle) << bundle.error().message;
  EXPECT_EQ(DumpProgram(test::SampleProgram()), DumpProgram(bundle->program.program()));
  EXPECT_TRUE(test::SampleProgram() == bundle->program.program());
}

}  // namespace
}  // namespace writ
