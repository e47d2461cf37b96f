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
  EXPECT_EQ(kHeaderBytes + 15, bytes.size());
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
  EXPECT_EQ("version_unknown: the bundle has format version 7, this program reads version 5: compile the policies again",
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
  EXPECT_EQ("version_unknown: the bundle uses the kind of expression `fly`, which this version of writ does not know",
            Load(WithBody("\x01\x03"
                          "fly\x01\x02"s)));
  EXPECT_EQ("version_unknown: the bundle uses the function `fly`, which this version of writ does not know",
            Load(WithBody("\x01\x03"
                          "fly\0\x01\x02"s)));
  // 0 strings, no kinds of nodes, no functions, 1 file: a long string of 5 bytes
  EXPECT_EQ(at + "6 of its body: a short string is not in the string table", Load(WithBody("\0\0\0\x01\x01\x05hello"s)));
  // no files, 1 constant of kind 13
  EXPECT_EQ("corrupt: the bundle has a constant of no known kind", Load(WithBody("\0\0\0\0\x01\x0d"s)));
  // no constants, 1 type of kind 21
  EXPECT_EQ("corrupt: the bundle has a type of no known kind", Load(WithBody("\0\0\0\0\0\x01\x15\0\0\0\0"s)));
  // no types, no slots, 1 node whose kind stands at 0 of no names
  EXPECT_EQ("corrupt: the bundle uses a kind of expression that it does not list", Load(WithBody("\0\0\0\0\0\0\0\x01\0\0\0\0\0\0"s)));
  // the same with the kind `call`, whose function stands at 0 of no names
  EXPECT_EQ("corrupt: the bundle uses a function that it does not list", Load(WithBody("\x01\x04"
                                                                                       "call\x01\x02\0\0\0\0\0\x01\0\0\0\0\0\0"s)));
}

TEST(Bundle, WhatLoadsIsVerified) {
  Program program = test::SampleProgram();
  program.nodes[0].index = 9;
  EXPECT_EQ("corrupt: node 0: has a slot that does not exist", Load(WriteBundle(program)));
}

TEST(Bundle, NamesAreUnambiguous) {
  std::set<std::string_view> functions, kinds;
  for (const FunctionInfo& info : kFunctionInfo) EXPECT_TRUE(functions.insert(info.name).second) << info.name;
  for (std::size_t i = 0; i < kNodeKindCount; ++i) EXPECT_TRUE(kinds.insert(NodeKindName(static_cast<NodeKind>(i))).second) << i;
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

std::string GoldenPath(int version) {
  return std::string(WRIT_SOURCE_DIR) + "/tests/golden/bundle/v" + std::to_string(version) + ".writb.hex";
}

// The bundle of version 5 that was written when the format was fixed. It is never rewritten while
// the version is 5: a change that breaks this test needs a new version (docs/bundle_format.md,
// "Version rule").
TEST(Bundle, TheGoldenBundleKeepsLoading) {
  const std::string path = GoldenPath(5);
  if (std::getenv("WRIT_WRITE_NEW_GOLDEN_BUNDLE") != nullptr) std::ofstream(path) << ToHex(WriteBundle(test::SampleProgram()));
  std::ifstream file(path);
  ASSERT_TRUE(file) << path;
  const Result<Bundle> bundle = LoadBundle(FromHex(file));
  ASSERT_TRUE(bundle) << bundle.error().message;
  EXPECT_EQ(DumpProgram(test::SampleProgram()), DumpProgram(bundle->program.program()));
  EXPECT_TRUE(test::SampleProgram() == bundle->program.program());
}

// The golden bundle of version 3, which held register code.
TEST(Bundle, AnOldBundleAsksToCompileAgain) {
  std::ifstream file(GoldenPath(3));
  ASSERT_TRUE(file);
  EXPECT_EQ("version_unknown: the bundle has format version 3, this program reads version 5: compile the policies again",
            Load(FromHex(file)));
}

// Nodes may share arguments in memory; in a bundle each has its own. What is loaded is written the
// same way ever after.
TEST(Bundle, SharedArgumentsAreWrittenOut) {
  test::ProgramBuilder b;
  const NodeId item = b.AddConstantNode(b.AddInt(1));
  b.AddNode({.kind = NodeKind::kList}, {item, item});
  b.AddNode({.kind = NodeKind::kAnd}, {item, item});
  const std::string bytes = WriteBundle(b.program);
  b.program.nodes[2].first_arg = 0;
  b.program.node_args.resize(2);
  EXPECT_EQ(bytes, WriteBundle(b.program));
  EXPECT_EQ("loaded", Load(bytes));
}

// What is written by name or number in nodes survives: every kind, and every function.
TEST(Bundle, EveryKindAndFunctionIsKept) {
  test::ProgramBuilder b;
  b.AddString("s");
  const NodeId leaf = b.AddConstantNode(ConstantId(0));
  const SlotId slot = b.AddSlot("a.b");
  for (std::size_t i = 0; i < kNodeKindCount; ++i) {
    const auto kind = static_cast<NodeKind>(i);
    if (kind == NodeKind::kCall) continue;
    const bool is_slot = kind == NodeKind::kSlot || kind == NodeKind::kHasSlot || kind == NodeKind::kOptionalSlot;
    const std::size_t args = kind < NodeKind::kSelect ? 0 : kind <= NodeKind::kOptionalSelect || kind == NodeKind::kOptionalEntry ? 1 : 2;
    const bool is_three = kind == NodeKind::kConditional || kind == NodeKind::kMapItems;
    b.AddNode({.kind = kind, .index = is_slot ? slot.index : 0}, std::vector<NodeId>(is_three ? 3 : args, leaf));
  }
  for (std::uint16_t i = 0; i < kFunctionCount; ++i) {
    for (std::size_t count = 0; count < 4; ++count) {
      if (kFunctionInfo[i].takes(count)) b.AddCall(static_cast<Function>(i), std::vector<NodeId>(count, leaf));
    }
  }
  const Result<Bundle> bundle = LoadBundle(WriteBundle(b.program));
  ASSERT_TRUE(bundle) << bundle.error().message;
  EXPECT_EQ(DumpProgram(b.program), DumpProgram(bundle->program.program()));
  EXPECT_TRUE(b.program == bundle->program.program());
}

}  // namespace
}  // namespace writ
