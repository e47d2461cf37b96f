#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "rules/base/arena.h"
#include "rules/base/clock.h"
#include "rules/base/ids.h"
#include "rules/base/result.h"
#include "rules/base/source.h"
#include "rules/base/utf8.h"

namespace writ {
namespace {

TEST(Utf8, Validity) {
  struct Case {
    std::string_view name, text;
    bool valid;
  };
  const Case cases[] = {
      {"empty", "", true},
      {"ascii", "az~", true},
      {"two bytes", "\xC3\xA9", true},
      {"three bytes", "\xE2\x82\xAC", true},
      {"four bytes", "\xF0\x9F\x98\x80", true},
      {"last code point", "\xF4\x8F\xBF\xBF", true},
      {"beyond the last", "\xF4\x90\x80\x80", false},
      {"overlong slash", "\xC0\xAF", false},
      {"overlong three", "\xE0\x80\xAF", false},
      {"overlong four", "\xF0\x80\x80\xAF", false},
      {"surrogate", "\xED\xA0\x80", false},
      {"lone continuation", "\x80", false},
      {"cut off", "a\xE2\x82", false},
      {"not continued", "\xC3(", false},
      {"never a lead", "\xFF", false},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    EXPECT_EQ(c.valid, IsValidUtf8(c.text));
  }
}

TEST(Utf8, Shorten) {
  struct Case {
    std::string_view text;
    std::size_t max_bytes;
    std::string_view shown;
  };
  constexpr Case kCases[] = {
      {"", 3, ""},         {"abcdef", 6, "abcdef"}, {"abcdef", 5, "ab…"}, {"abcdef", 3, "…"},
      {"éééé", 8, "éééé"}, {"éééé", 7, "éé…"},      {"éééé", 6, "é…"},    {"\xFF\xFF\xFF\xFF\xFF", 4, "\xFF…"},
  };
  for (const Case& c : kCases) EXPECT_EQ(c.shown, Shorten(c.text, c.max_bytes)) << c.text << " in " << c.max_bytes;
}

TEST(Source, LocatesOffsetsInCodePoints) {
  const std::string_view text = "ab\n\xC3\xA9x\n";
  const auto at = [&](std::uint32_t offset) {
    const SourceLocation location = LocateOffset(FileId(0), text, offset);
    return std::to_string(location.line) + ":" + std::to_string(location.column);
  };
  EXPECT_EQ("1:1", at(0));
  EXPECT_EQ("1:3", at(2));
  EXPECT_EQ("2:1", at(3));
  EXPECT_EQ("2:2", at(5));  // behind the two bytes of é
  EXPECT_EQ("3:1", at(7));
  EXPECT_EQ("3:1", at(999));
}

TEST(Arena, GivesRoomUpToItsCeilingAndReusesIt) {
  Arena arena(64 * 1024);
  EXPECT_EQ("abc", arena.CopyString("abc"));
  EXPECT_NE(nullptr, arena.Allocate(40'000));
  EXPECT_EQ(nullptr, arena.Allocate(40'000));
  EXPECT_EQ(nullptr, arena.AllocateArray<std::uint64_t>(~std::size_t{0} / 4));
  EXPECT_EQ(nullptr, arena.Allocate(~std::size_t{0}));
  arena.Reset();
  EXPECT_EQ(0U, arena.used_bytes());
  EXPECT_NE(nullptr, arena.Allocate(40'000));
}

TEST(Arena, AllocationsDoNotOverlap) {
  Arena arena;
  char* previous = nullptr;
  for (std::size_t size = 1; size < 50'000; size = size * 3 + 1) {
    char* room = arena.AllocateArray<char>(size);
    ASSERT_NE(nullptr, room);
    EXPECT_EQ(0U, reinterpret_cast<std::uintptr_t>(room) % 16);
    std::memset(room, 0xAB, size);
    EXPECT_NE(previous, room);
    previous = room;
  }
}

TEST(Clock, FakeClockStandsStill) {
  FakeClock clock(5);
  EXPECT_EQ(5, clock.Now());
  clock.Advance(7);
  EXPECT_EQ(12, clock.Now());
  EXPECT_GT(SystemClock().Now(), std::int64_t{1'600'000'000} * 1'000'000'000);
}

TEST(Id, DefaultNamesNothing) {
  using TestId = Id<struct TestTag>;
  EXPECT_FALSE(TestId().valid());
  EXPECT_TRUE(TestId(0).valid());
  EXPECT_LT(TestId(1), TestId(2));
  EXPECT_EQ(TestId(3), TestId(3));
}

TEST(Result, HoldsAValueOrAnError) {
  const auto half = [](int value) -> Result<int> {
    if (value % 2 != 0) return Error{ErrorCode::kInvalidArgument, "odd"};
    return value / 2;
  };
  const auto quarter = [&](int value) -> Result<int> {
    WRIT_RETURN_IF_ERROR(half(value));
    return half(*half(value));
  };
  EXPECT_EQ(2, *quarter(8));
  EXPECT_EQ("odd", quarter(7).error().message);
  EXPECT_EQ("odd", quarter(6).error().message);
  EXPECT_STREQ("invalid_argument", ErrorCodeName(quarter(7).error().code));
  EXPECT_DEATH(static_cast<void>(*quarter(7)), "check failed: ok");
}

}  // namespace
}  // namespace writ
