#include "rules/bundle/bundle.h"

#include <gtest/gtest.h>
#include <openssl/sha.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <set>
#include <string>

#include "rules/function/function.h"
#include "rules/ir/table_storage.h"
#include "tests/support/program_builder.h"

namespace writ {
namespace {

constexpr std::size_t kHeaderBytes = 64;
constexpr std::size_t kEnvelopeBytes = 8;  // two texts, each "" behind its length
constexpr std::size_t kBodyAt = kHeaderBytes + kEnvelopeBytes;

Program Sample() { return BuildProgram(test::SampleProgram()); }

std::string Load(std::string bytes, const BundleLimits& limits = {}) {
  const Result<Bundle> bundle = LoadBundle(std::move(bytes), limits);
  return bundle ? "loaded" : std::string(ErrorCodeName(bundle.error().code)) + ": " + bundle.error().message;
}

std::string Number(std::uint64_t value, std::size_t bytes) {
  std::string out;
  for (std::size_t i = 0; i < bytes; ++i) out += static_cast<char>(value >> (8 * i) & 0xFFU);
  return out;
}

// Makes length and digest fit again after the body was changed. Requires: an empty envelope.
std::string Repaired(std::string bundle) {
  const std::uint64_t length = bundle.size() - kBodyAt;
  bundle.replace(16, 8, Number(length, 8));
  const auto* body = reinterpret_cast<const unsigned char*>(bundle.data()) + kBodyAt;
  SHA256(body, length, reinterpret_cast<unsigned char*>(bundle.data()) + 24);
  return bundle;
}

// A bundle whose body is `body`.
std::string WithBody(std::string_view body) { return Repaired(WriteBundle(Program{}).substr(0, kBodyAt) + std::string(body)); }

struct TestSection {
  std::uint32_t number;
  std::string bytes;
  std::uint32_t flags = 1;
};

// A bundle of these sections, one behind the other.
std::string WithSections(const std::vector<TestSection>& sections) {
  std::string table = Number(sections.size(), 8), contents;
  for (const TestSection& section : sections) {
    const std::size_t offset = 8 + 24 * sections.size() + contents.size();
    table += Number(section.number, 4) + Number(section.flags, 4) + Number(offset, 8) + Number(section.bytes.size(), 8);
    contents += section.bytes;
    contents.resize((contents.size() + 7) / 8 * 8, '\0');
  }
  return WithBody(table + contents);
}

TEST(Bundle, WriteLoadWriteIsTheSame) {
  const Program program = Sample();
  const std::string bytes = WriteBundle(program);
  const Result<Bundle> bundle = LoadBundle(bytes);
  ASSERT_TRUE(bundle) << bundle.error().message;
  EXPECT_TRUE(program == bundle->program.program());
  EXPECT_EQ(DumpProgram(*VerifyProgram(program)), DumpProgram(bundle->program));
  EXPECT_TRUE(bytes == WriteBundle(bundle->program.program()));
  EXPECT_TRUE(bytes == WriteBundle(Sample()));
  EXPECT_EQ(7U + 64, bundle->digest.size());
}

TEST(Bundle, AnEmptyProgramHasABundle) {
  const std::string bytes = WriteBundle(Program{});
  EXPECT_EQ("loaded", Load(bytes));
  EXPECT_EQ(kBodyAt + 8, bytes.size());  // a table of no sections
}

// A program lives in the bytes it was loaded from, whoever is gone: copies share them.
TEST(Bundle, ProgramsShareTheirBytes) {
  Program copy;
  {
    const Result<Bundle> bundle = LoadBundle(WriteBundle(Sample()));
    ASSERT_TRUE(bundle);
    copy = bundle->program.program();
    EXPECT_EQ(copy.nodes.data(), bundle->program.program().nodes.data());
  }
  EXPECT_TRUE(copy == Sample());
}

TEST(Bundle, TheEnvelopeIsKeptAndIsNotInTheDigest) {
  const Envelope envelope{"3f2a9c1", "writ 1.2", {{"pipeline", "1234"}, {"reviewed by", "Ännchen"}}};
  const Result<Bundle> bundle = LoadBundle(WriteBundle(Sample(), envelope)), plain = LoadBundle(WriteBundle(Sample()));
  ASSERT_TRUE(bundle) << bundle.error().message;
  EXPECT_TRUE(envelope == bundle->envelope);
  EXPECT_EQ(plain->digest, bundle->digest);
  EXPECT_TRUE(Envelope() == plain->envelope);
  const Envelope large{std::string(kMaxEnvelopeBytes, 'x'), "", {}};
  EXPECT_EQ("revision and metadata of a bundle take at most 16384 bytes", EncodeEnvelope(large).error().message);
  EXPECT_EQ("the revision is not valid UTF-8", EncodeEnvelope({"\xff", "", {}}).error().message);
  EXPECT_EQ("the metadata are not valid UTF-8", EncodeEnvelope({"", "", {{"k", "\xff"}}}).error().message);
}

TEST(Bundle, DamagedEnvelopesAreRefused) {
  using std::string_literals::operator""s;
  for (const std::string& bytes : {""s, "\0\0\0\0\1\0\0\0"s, "\1\0\0\0\xff\0\0\0\0"s, "\0\0\0\0\0\0\0\0\0\0\0\0"s, "\xff\xff\xff\xff"s})
    EXPECT_EQ("the bundle's envelope is damaged", DecodeEnvelope(bytes).error().message);
  std::string bundle = WriteBundle(Sample());
  bundle[13] = 0x7F;
  EXPECT_EQ("corrupt: the bundle's envelope is too large", Load(bundle));
}

TEST(Bundle, EveryFlippedBitIsRefused) {
  const std::string bytes = WriteBundle(Sample());
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
  const std::string bytes = WriteBundle(Sample());
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    ASSERT_EQ("corrupt", Load(bytes.substr(0, size)).substr(0, 7)) << size;
    if (size < kBodyAt) continue;
    ASSERT_NE("loaded", Load(Repaired(bytes.substr(0, size)))) << size;
  }
}

TEST(Bundle, RefusalsSayWhat) {
  const std::string good = WriteBundle(Sample());
  std::string newer = good, older = good;
  newer[8] = 7;
  older[8] = 5;
  BundleLimits small;
  small.max_bytes = 100;
  EXPECT_EQ("corrupt: the bundle is empty", Load(""));
  EXPECT_EQ("corrupt: this is not a bundle: it does not begin with the bytes of one", Load("package acme.fleet\n"));
  EXPECT_EQ("corrupt: the bundle is cut off inside its header, after 10 bytes", Load(good.substr(0, 10)));
  EXPECT_EQ("corrupt: the bundle is cut off inside its header, after 63 bytes", Load(good.substr(0, 63)));
  EXPECT_EQ("version_unknown: the bundle has format version 7, this program reads version 6: it takes a newer writ", Load(newer));
  EXPECT_EQ("version_unknown: the bundle has format version 5, this program reads version 6: compile the policies again", Load(older));
  EXPECT_EQ("too_large: the bundle has " + std::to_string(good.size()) + " bytes, more than the limit of 100", Load(good, small));
  EXPECT_EQ("corrupt: the bundle should have " + std::to_string(good.size() - kBodyAt) + " bytes after its envelope, found " +
                std::to_string(good.size() - kBodyAt + 1),
            Load(good + "x"));
  EXPECT_EQ("corrupt: the bundle has bytes behind its last section", Load(Repaired(good + std::string(8, '\0'))));
}

TEST(Bundle, DamagedTablesAreRefused) {
  const std::string text_begins = Number(0, 4) + Number(0, 4);  // one text, ""
  EXPECT_EQ("loaded", Load(WithSections({{1, text_begins}})));
  EXPECT_EQ("corrupt: the bundle has no table of sections", Load(WithBody("")));
  EXPECT_EQ("corrupt: the bundle's table of sections is cut off", Load(WithBody(Number(1, 8))));
  EXPECT_EQ("corrupt: the bundle's table of sections is cut off", Load(WithBody(Number(~std::uint64_t{0}, 8))));
  EXPECT_EQ("corrupt: the bundle's section 1 is not where it has to be", Load(WithSections({{1, text_begins}, {1, text_begins}})));
  EXPECT_EQ("corrupt: the bundle's section 0 is not where it has to be", Load(WithSections({{0, text_begins}})));
  EXPECT_EQ("corrupt: the bundle's section 1 is not where it has to be", Load(WithSections({{1, text_begins, 2}})));
  EXPECT_EQ("corrupt: the bundle has a text that is cut off", Load(WithSections({{1, "abc"}})));
  std::string table = Number(1, 8) + Number(1, 4) + Number(1, 4);
  EXPECT_EQ("corrupt: the bundle's section 1 does not lie behind the one before",
            Load(WithBody(table + Number(40, 8) + Number(8, 8) + text_begins)));
  EXPECT_EQ("corrupt: the bundle's section 1 does not lie behind the one before",
            Load(WithBody(table + Number(32, 8) + Number(9, 8) + text_begins)));
  EXPECT_EQ("corrupt: the bundle's section 1 does not lie behind the one before",
            Load(WithBody(table + Number(32, 8) + Number(~std::uint64_t{0}, 8) + text_begins)));
  EXPECT_EQ("corrupt: the bundle's section 1 has bytes behind its end",
            Load(WithBody(table + Number(32, 8) + Number(4, 8) + Number(0, 4) + "x" + Number(0, 3))));
}

// Another writ may know more sections: what it takes to decide is refused, what is only of use is
// not.
TEST(Bundle, UnknownSectionsAreRefusedOrSkipped) {
  EXPECT_EQ("version_unknown: the bundle has a section 77, which this version of writ does not know", Load(WithSections({{77, "abc"}})));
  EXPECT_EQ("loaded", Load(WithSections({{1, Number(0, 8)}, {77, "abc", 0}})));
}

TEST(Bundle, NamesThatAreNotKnownAreRefused) {
  using std::string_literals::operator""s;
  EXPECT_EQ("version_unknown: the bundle uses the kind of expression `fly`, which this version of writ does not know",
            Load(WithSections({{1000, "\1\3fly"}})));
  EXPECT_EQ("version_unknown: the bundle uses the function `fly`, which this version of writ does not know",
            Load(WithSections({{1000, "\2\3fly"}})));
  EXPECT_EQ("version_unknown: the bundle uses the kind of constant `fly`, which this version of writ does not know",
            Load(WithSections({{1000, "\7\3fly"}})));
  for (const std::string& damaged : {"\1"s, "\1\4fly"s, "\0\3fly"s, "\x63\3fly"s})
    EXPECT_EQ("corrupt: the bundle's names are damaged", Load(WithSections({{1000, damaged}})));
  const std::string node(20, '\0');
  EXPECT_EQ("corrupt: the bundle uses a number that its names do not list", Load(WithSections({{13, node}})));
  EXPECT_EQ("corrupt: the bundle uses a number that its names do not list", Load(WithSections({{13, node}, {1000, "\1\4call"}})));
}

TEST(Bundle, WhatLoadsIsVerified) {
  draft::Program program = test::SampleProgram();
  program.nodes[0].index = 9;
  EXPECT_EQ("corrupt: node 0: `slot` names something that is not there", Load(WriteBundle(BuildProgram(program))));
}

TEST(Bundle, NamesAreUnambiguous) {
  std::set<std::string_view> functions, kinds;
  for (const FunctionInfo& info : kFunctionInfo) EXPECT_TRUE(functions.insert(info.name).second) << info.name;
  for (std::size_t i = 0; i < kNodeKindCount; ++i) EXPECT_TRUE(kinds.insert(NodeKindName(static_cast<NodeKind>(i))).second) << i;
}

// Damaged bundles whose digest fits: the structure and the verifier stand alone. Nothing may crash; what loads must be stable.
TEST(Bundle, RandomDamageBehindAGoodDigest) {
  constexpr std::uint64_t kSeed = 20261121;
  const std::string good = WriteBundle(Sample());
  test::Random random(kSeed);
  int loaded = 0;
  for (int i = 0; i < 5'000; ++i) {
    SCOPED_TRACE("seed " + std::to_string(kSeed) + " round " + std::to_string(i));
    std::string bytes = good;
    for (std::size_t n = 1 + random.Below(3); n > 0; --n) {
      bytes[kBodyAt + random.Below(bytes.size() - kBodyAt)] = static_cast<char>(random.Next());
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

// The bundle of version 6 that was written when the format was fixed. It is never rewritten while
// the version is 6: a change that breaks this test needs a new version (docs/bundle_format.md,
// "Version rule").
TEST(Bundle, TheGoldenBundleKeepsLoading) {
  const std::string path = GoldenPath(6);
  if (std::getenv("WRIT_WRITE_NEW_GOLDEN_BUNDLE") != nullptr) std::ofstream(path) << ToHex(WriteBundle(Sample()));
  std::ifstream file(path);
  ASSERT_TRUE(file) << path;
  const Result<Bundle> bundle = LoadBundle(FromHex(file));
  ASSERT_TRUE(bundle) << bundle.error().message;
  EXPECT_TRUE(bundle->program.program().rule_keys.empty());  // it is older than they are
  ProgramParts parts = PartsOf(Sample());
  parts.rule_keys.clear();
  const Program sample(std::move(parts));
  EXPECT_EQ(DumpProgram(*VerifyProgram(sample)), DumpProgram(bundle->program));
  EXPECT_TRUE(sample == bundle->program.program());
}

// The sample with rows, match conditions and keys, which version 6 has had since they came.
Program SampleWithRows() {
  draft::Program draft = test::SampleProgram();
  draft.policies[1].combining = draft.policies[2].combining = kSkippingCombining;
  draft.policies[1].match = NodeId(3);
  return BuildProgram(draft);
}

// What is native is written without a row, so that an older writ reads it. What is not is refused
// there: the sections are required.
TEST(Bundle, RowsAreWrittenOnlyWhereTheyAreNotNative) {
  EXPECT_TRUE(Sample().combinings.empty());
  const Program program = SampleWithRows();
  EXPECT_EQ(1U, program.combinings.size());
  const Result<Bundle> bundle = LoadBundle(WriteBundle(program));
  ASSERT_TRUE(bundle) << bundle.error().message;
  EXPECT_TRUE(program == bundle->program.program());
  const Program& read = bundle->program.program();
  EXPECT_EQ(kSkippingCombining, read.combining(read.rules.back()));
  EXPECT_EQ(kNativeCombining, read.combining(read.rules.front()));
  EXPECT_EQ(NodeId(3), read.match(PolicyId(1)));
  EXPECT_FALSE(read.match(PolicyId(2)).valid());
  const std::string dump = DumpProgram(bundle->program);
  EXPECT_NE(std::string::npos,
            dump.find("  p1 combining deny-overrides on error allow skip deny skip require skip match skip\n  p1 match n3 "));
}

TEST(Bundle, TheGoldenBundleWithRowsKeepsLoading) {
  const std::string path = std::string(WRIT_SOURCE_DIR) + "/tests/golden/bundle/v6_rows.writb.hex";
  if (std::getenv("WRIT_WRITE_NEW_GOLDEN_BUNDLE") != nullptr) std::ofstream(path) << ToHex(WriteBundle(SampleWithRows()));
  std::ifstream file(path);
  ASSERT_TRUE(file) << path;
  const Result<Bundle> bundle = LoadBundle(FromHex(file));
  ASSERT_TRUE(bundle) << bundle.error().message;
  EXPECT_TRUE(SampleWithRows() == bundle->program.program());
}

// A program whose table says how it is stored.
Program SampleWithStorage() {
  draft::Program draft = test::SampleProgram();
  draft::Table& table = draft.tables[0];
  table.stored = {{SqlDialect::kAny, "sales.orders"}, {SqlDialect::kSqlite, "orders"}};
  table.columns[0].options = {{ColumnOptionKind::kName, SqlDialect::kAny, "doc"},
                              {ColumnOptionKind::kName, SqlDialect::kMysql, "json"},
                              {ColumnOptionKind::kPointer, SqlDialect::kAny, "/a/b"}};
  table.columns[1].options = {{ColumnOptionKind::kLayout, SqlDialect::kPostgres, "array"},
                              {ColumnOptionKind::kExact, SqlDialect::kAny, ""},
                              {ColumnOptionKind::kNullIsAbsent, SqlDialect::kAny, ""}};
  draft.constants.push_back({.kind = Kind::kNull});
  table.relations[0].terms = {{"tenant", "id", ConstantId()}, {"gone", "", ConstantId(draft.constants.size() - 1)}};
  return BuildProgram(draft);
}

TEST(Bundle, StorageIsWrittenOnlyWhereItIsDeclared) {
  EXPECT_TRUE(Sample().column_options.empty());
  const Result<Bundle> bundle = LoadBundle(WriteBundle(SampleWithStorage()));
  ASSERT_TRUE(bundle) << bundle.error().message;
  const Program& program = bundle->program.program();
  EXPECT_TRUE(SampleWithStorage() == program);
  const Table& table = program.tables[0];
  EXPECT_EQ("orders", StoredNameOf(program, table, SqlDialect::kSqlite));
  EXPECT_EQ("sales.orders", StoredNameOf(program, table, SqlDialect::kPostgres));
  const ColumnStorage first = StorageOf(program, program.columns[table.columns.first], SqlDialect::kMysql);
  EXPECT_EQ("json", first.name);
  EXPECT_EQ("/a/b", first.pointer);
  EXPECT_FALSE(first.is_exact);
  const ColumnStorage second = StorageOf(program, program.columns[table.columns.first + 1], SqlDialect::kMysql);
  EXPECT_EQ("", second.layout);
  EXPECT_TRUE(second.is_exact && second.null_is_absent);
  EXPECT_EQ(2U, TermsOf(program, program[table.relations][0]).size());
  const std::string dump = DumpProgram(bundle->program);
  EXPECT_NE(std::string::npos, dump.find("table orders, name \"sales.orders\", name \"orders\" on sqlite\n")) << dump;
  EXPECT_NE(std::string::npos, dump.find(", name \"doc\", name \"json\" on mysql, pointer \"/a/b\"\n")) << dump;
  EXPECT_NE(std::string::npos, dump.find(", layout \"array\" on postgres, exact, null_is_absent\n")) << dump;
  EXPECT_NE(std::string::npos, dump.find(".tenant = id and ")) << dump;
  EXPECT_NE(std::string::npos, dump.find(".gone = null\n")) << dump;
}

TEST(Bundle, TheGoldenBundleWithStorageKeepsLoading) {
  const std::string path = std::string(WRIT_SOURCE_DIR) + "/tests/golden/bundle/v6_storage.writb.hex";
  if (std::getenv("WRIT_WRITE_NEW_GOLDEN_BUNDLE") != nullptr) std::ofstream(path) << ToHex(WriteBundle(SampleWithStorage()));
  std::ifstream file(path);
  ASSERT_TRUE(file) << path;
  const Result<Bundle> bundle = LoadBundle(FromHex(file));
  ASSERT_TRUE(bundle) << bundle.error().message;
  EXPECT_TRUE(SampleWithStorage() == bundle->program.program());
}

// The golden bundle of version 5, which was not a table of sections.
TEST(Bundle, AnOldBundleAsksToCompileAgain) {
  std::ifstream file(GoldenPath(5));
  ASSERT_TRUE(file);
  EXPECT_EQ("version_unknown: the bundle has format version 5, this program reads version 6: compile the policies again",
            Load(FromHex(file)));
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
  const Program program = BuildProgram(b.program);
  const Result<Bundle> bundle = LoadBundle(WriteBundle(program));
  ASSERT_TRUE(bundle) << bundle.error().message;
  EXPECT_TRUE(program == bundle->program.program());
}

}  // namespace
}  // namespace writ
