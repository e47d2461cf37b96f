#include "rules/index/index.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <new>
#include <string>
#include <string_view>
#include <vector>

#include "rules/index/aho_corasick.h"
#include "rules/model/resource_uri.h"
#include "tests/support/program_builder.h"

namespace {
std::atomic<std::uint64_t> allocation_count{0};
}  // namespace

// Counts what the index must not do while it looks something up.
[[gnu::noinline]] void* operator new(std::size_t size) {
  ++allocation_count;
  if (void* room = std::malloc(size == 0 ? 1 : size)) return room;
  throw std::bad_alloc();
}
[[gnu::noinline]] void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  ++allocation_count;
  return std::malloc(size == 0 ? 1 : size);
}
[[gnu::noinline]] void operator delete(void* room) noexcept { std::free(room); }
[[gnu::noinline]] void operator delete(void* room, std::size_t) noexcept { std::free(room); }

namespace writ {
namespace {

using test::ProgramBuilder;
using test::Random;

std::string Text(const std::vector<RuleId>& rules) {
  std::string text;
  for (const RuleId rule : rules) text += (text.empty() ? "" : " ") + std::to_string(rule.index);
  return text;
}

// A program of tool rules that always apply to their selector, and its index.
class IndexTest : public testing::Test {
 protected:
  IndexTest() {
    b_.AddPolicy("p", Target::kTools);
    slots_.resize(8);
  }
  void Add(std::string scope, std::string name) { b_.AddRule(Verb::kDeny, {std::move(scope), std::move(name)}); }
  void AddDiscriminated(Discriminator::Kind kind, SlotId slot, std::vector<std::string> strings) {
    if (!guard_.valid()) guard_ = b_.AddConstantNode(b_.AddBool(true));
    draft::Rule& rule = b_.AddRule(Verb::kDeny);
    rule.guard = guard_;
    rule.discriminators = {{kind, slot, std::move(strings)}};
  }
  std::string Find(std::string_view scope, std::string_view name) {
    const VerifiedProgram program = b_.Verified();
    const RuleIndex index(program);
    std::vector<RuleId> found;
    index.FindCandidates(Target::kTools, {scope, name}, slots_, found);
    return Text(found);
  }
  std::string FindApplying(std::string_view scope, std::string_view name) {
    const VerifiedProgram program = b_.Verified();
    const RuleIndex index(program);
    std::vector<RuleId> found;
    index.FindApplying(Target::kTools, {scope, name}, found);
    return Text(found);
  }

  ProgramBuilder b_;
  NodeId guard_;
  std::vector<Value> slots_;
};

TEST_F(IndexTest, FindsEveryShapeOfSelector) {
  Add("slack", "post");  // 0
  Add("slack", "*");     // 1
  Add("*", "post");      // 2
  Add("**", "**");       // 3
  Add("slack", "po*");   // 4
  Add("sl*", "post");    // 5
  Add("*ack", "*os*");   // 6
  Add("*", "*");         // 7
  Add("slack", "**");    // 8
  EXPECT_EQ("0 1 2 3 4 5 6 7 8", Find("slack", "post"));
  EXPECT_EQ("1 3 6 7 8", Find("slack", "compose"));
  EXPECT_EQ("2 3 7", Find("other", "post"));
  EXPECT_EQ("3 8", Find("slack", "a/b"));
  EXPECT_EQ("3", Find("a/b", "q"));
  EXPECT_EQ("3 7", Find("", ""));
}

TEST_F(IndexTest, RulesOfOtherTargetsAreNotFound) {
  Add("**", "**");
  b_.AddPolicy("q", Target::kPrompts);
  Add("**", "**");
  EXPECT_EQ("0", Find("s", "t"));
}

TEST_F(IndexTest, EscapesMakeStarsLiteral) {
  Add("s", "a\\*");
  Add("s", "\\a*");
  Add("s", "a\\**");
  EXPECT_EQ("0 1 2", Find("s", "a*"));
  EXPECT_EQ("1", Find("s", "ab"));
  EXPECT_EQ("1 2", Find("s", "a*b"));
}

TEST_F(IndexTest, SeparatorsInNamesDoNotConfuseTheHalves) {
  Add("a", "b*");
  Add("a", "b");
  Add("a*",
      "b\x1f"
      "c");
  Add("*\x1f*", "*\x1e");
  EXPECT_EQ("", Find("a\x1f"
                     "b",
                     ""));
  EXPECT_EQ("", Find("x\x1e"
                     "a",
                     "b"));
  EXPECT_EQ("", Find("",
                     "a\x1f"
                     "b"));
  EXPECT_EQ("0", Find("a", "b\x1d"));
  EXPECT_EQ("2", Find("ax",
                      "b\x1f"
                      "c"));
  EXPECT_EQ("", Find("ax\x1f"
                     "b",
                     "c"));
  EXPECT_EQ("3", Find("p\x1fq", "\x1e"));
  EXPECT_EQ("0 1", Find("a", "b"));
}

TEST_F(IndexTest, ARuleOfSeveralSelectorsIsFoundOnce) {
  Add("s", "t");
  b_.program.rules[0].selectors = {{"s", "t"}, {"s", "t*"}, {"**", "**"}, {"s", "t"}};
  Add("s", "*");
  EXPECT_EQ("0 1", Find("s", "t"));
}

TEST_F(IndexTest, DiscriminatorsExcludeWhatCannotHold) {
  const SlotId tenant = b_.AddSlot("principal.tenant", SimpleType(TypeKind::kDyn));
  for (int i = 0; i < 10; ++i) AddDiscriminated(Discriminator::Kind::kEquals, tenant, {"t" + std::to_string(i), "all"});
  Value& value = slots_[tenant.index];
  value = Value::String("t7");
  EXPECT_EQ("7", Find("s", "t"));
  EXPECT_EQ("0 1 2 3 4 5 6 7 8 9", FindApplying("s", "t"));
  value = Value::String("all");
  EXPECT_EQ("0 1 2 3 4 5 6 7 8 9", Find("s", "t"));
  value = Value::String("t70");
  EXPECT_EQ("", Find("s", "t"));
  value = Value::Int(7);
  EXPECT_EQ("", Find("s", "t"));
  for (const Value& untold : {Value(), Value::Unknown(), Value::Error(ValueError::kNoSuchKey)}) {
    value = untold;
    EXPECT_EQ("0 1 2 3 4 5 6 7 8 9", Find("s", "t"));
  }
}

TEST_F(IndexTest, ContainsLooksIntoListsAndOnlyLists) {
  const SlotId groups = b_.AddSlot("principal.groups", SimpleType(TypeKind::kDyn));
  for (int i = 0; i < 6; ++i) AddDiscriminated(Discriminator::Kind::kContains, groups, {"g" + std::to_string(i)});
  const Value items[] = {Value::String("g4"), Value::Int(1), Value::String("g1"), Value::String("g4")};
  const Value untold[] = {Value::String("g4"), Value::Unknown()};
  Value& value = slots_[groups.index];
  value = Value::List(items, 4);
  EXPECT_EQ("1 4", Find("s", "t"));
  value = Value::List(nullptr, 0);
  EXPECT_EQ("", Find("s", "t"));
  value = Value::List(untold, 2);
  EXPECT_EQ("0 1 2 3 4 5", Find("s", "t"));
  value = Value::String("g1");  // `in` a string is an error, and errors are not certainly false
  EXPECT_EQ("0 1 2 3 4 5", Find("s", "t"));
  value = Value::Map(nullptr);  // `in` a map looks for keys
  EXPECT_EQ("0 1 2 3 4 5", Find("s", "t"));
}

TEST_F(IndexTest, AllDiscriminatorsOfARuleCount) {
  const SlotId tenant = b_.AddSlot("principal.tenant"), groups = b_.AddSlot("principal.groups");
  for (int i = 0; i < 8; ++i) {
    AddDiscriminated(Discriminator::Kind::kEquals, tenant, {"t" + std::to_string(i)});
    b_.program.rules.back().discriminators.push_back({Discriminator::Kind::kContains, groups, {"sre"}});
  }
  const Value sre = Value::String("sre"), dev = Value::String("dev");
  slots_[tenant.index] = Value::String("t3");
  slots_[groups.index] = Value::List(&sre, 1);
  EXPECT_EQ("3", Find("s", "t"));
  slots_[groups.index] = Value::List(&dev, 1);
  EXPECT_EQ("", Find("s", "t"));
}

// ---- resources -------------------------------------------------------------------------------------------------------

// A program of resource rules, found by a URI and its folded form.
class ResourceIndexTest : public testing::Test {
 protected:
  ResourceIndexTest() { b_.AddPolicy("p", Target::kResources); }
  void Add(Verb verb, std::vector<std::string> names, std::string scope = "s") {
    draft::Rule& rule = b_.AddRule(verb, {scope, names[0]});
    if (verb == Verb::kLimit) rule.limit = draft::LimitSpec{};
    for (std::size_t i = 1; i < names.size(); ++i) rule.selectors.push_back({scope, names[i]});
  }
  std::string Find(std::string_view uri, std::string_view scope = "s") {
    const VerifiedProgram program = b_.Verified();
    const RuleIndex index(program);
    std::string room(uri.size(), ' ');
    const SelectorKey key{scope, uri, std::string_view(room.data(), FoldUri(uri, room.data()))};
    std::vector<RuleId> candidates, applying;
    index.FindCandidates(Target::kResources, key, {}, candidates);
    index.FindApplying(Target::kResources, key, applying);
    EXPECT_EQ(Text(candidates), Text(applying));
    return Text(candidates);
  }

  ProgramBuilder b_;
};

TEST_F(ResourceIndexTest, DenialsHoldByEitherForm) {
  Add(Verb::kDeny, {"https://h/admin/**"});
  Add(Verb::kDeny, {"https://u@h/**"});
  Add(Verb::kDeny, {"https://h/a%2Fb"});
  Add(Verb::kLimit, {"https://h/c"});
  EXPECT_EQ("0 1", Find("https://h/admin/x"));
  EXPECT_EQ("0 1", Find("https://h//admin/x"));
  EXPECT_EQ("0 1", Find("https://v@h/admin%2Fx"));
  EXPECT_EQ("1 2", Find("https://h/a/b"));
  EXPECT_EQ("1 2", Find("https://h/a%2Fb"));
  EXPECT_EQ("1 3", Find("https://h/c"));
  EXPECT_EQ("1 3", Find("https://h//c"));
  EXPECT_EQ("1", Find("https://h/other"));
  EXPECT_EQ("", Find("https://other/c"));
  EXPECT_EQ("", Find("https://h//admin/x", "other"));
}

TEST_F(ResourceIndexTest, AllowsHoldByBothFormsOfOnePattern) {
  Add(Verb::kAllow, {"https://h/public/**"});                  // 0
  Add(Verb::kAllow, {"https://u@h/**"});                       // 1
  Add(Verb::kAllow, {"https://h/a%2Fb", "https://h/*/c"});     // 2
  Add(Verb::kAllow, {"https://h/*", "https://h/secret/key"});  // 3: one matches the text, the other the folded form
  Add(Verb::kAllow, {"**"});                                   // 4
  EXPECT_EQ("0 4", Find("https://h/public/x"));
  EXPECT_EQ("0 4", Find("https://h/public//x"));
  EXPECT_EQ("4", Find("https://h//public/x"));
  EXPECT_EQ("1 4", Find("https://u@h/public/x"));
  EXPECT_EQ("1 4", Find("https://u@h/x"));
  EXPECT_EQ("4", Find("https://v@h/x"));
  EXPECT_EQ("2 4", Find("https://h/a%2Fb"));
  EXPECT_EQ("4", Find("https://h/secret%2Fkey"));
  EXPECT_EQ("3 4", Find("https://h/secret/key"));
}

TEST_F(ResourceIndexTest, ASlashAtTheEndHidesNothingFromDenials) {
  Add(Verb::kDeny, {"file:///srv/secret"});
  Add(Verb::kDeny, {"file:///srv/folder/"});
  Add(Verb::kDeny, {"file:///srv/*/"});
  Add(Verb::kAllow, {"file:///srv/secret", "file:///srv/folder/"});
  EXPECT_EQ("0 3", Find("file:///srv/secret"));
  EXPECT_EQ("0 2", Find("file:///srv/secret/"));
  EXPECT_EQ("1 2 3", Find("file:///srv/folder/"));
  EXPECT_EQ("1", Find("file:///srv/folder"));
}

TEST_F(ResourceIndexTest, OtherTargetsHaveOneName) {
  b_.AddPolicy("q", Target::kTools);
  Add(Verb::kDeny, {"https://h//a"});
  const VerifiedProgram program = b_.Verified();
  const RuleIndex index(program);
  std::vector<RuleId> found;
  index.FindCandidates(Target::kTools, {"s", "https://h/a"}, {}, found);
  EXPECT_EQ("", Text(found));
  index.FindCandidates(Target::kTools, {"s", "https://h//a"}, {}, found);
  EXPECT_EQ("0", Text(found));
}

TEST(ResourceIndexDifferential, AgreesWithTheDefinition) {
  constexpr std::uint64_t kSeed = 20261130;
  constexpr std::string_view kPatterns[] = {"**",       "https://h/**", "https://h/a/**",  "https://u@h/*", "https://*/b",
                                            "**/a/**",  "https://h//a", "https://h/a%2Fb", "**a**",         "db://H/a",
                                            "db://h/*", "https://h/a/", "file:///a*",      "file://n/**"};
  constexpr std::string_view kUris[] = {
      "https://h/a", "https://h/a/b", "https://h//a/b", "https://h/a%2Fb", "https://u@h/a", "https://u@h/b/", "https://h/a/",
      "db://H/a",    "db://h/a",      "db://u@H//a",    "file:///a",       "file://n/a",    "file:///a?b",    "urn:a"};
  for (std::uint64_t round = 0; round < 200; ++round) {
    SCOPED_TRACE("seed " + std::to_string(kSeed + round));
    Random random(kSeed + round);
    ProgramBuilder b;
    b.AddPolicy("p", Target::kResources);
    for (int i = 0; i < 12; ++i) {
      draft::Rule& rule =
          b.AddRule(random.Below(2) == 0 ? Verb::kAllow : Verb::kDeny, {"s", std::string(kPatterns[random.Below(std::size(kPatterns))])});
      while (random.Below(2) == 0) rule.selectors.push_back({"s", std::string(kPatterns[random.Below(std::size(kPatterns))])});
    }
    const VerifiedProgram program = b.Verified();
    const RuleIndex index(program);
    for (const std::string_view uri : kUris) {
      std::string folded(uri.size(), ' ');
      folded.resize(FoldUri(uri, folded.data()));
      std::vector<RuleId> found, wanted;
      for (std::size_t i = 0; i < b.program.rules.size(); ++i) {
        const draft::Rule& rule = b.program.rules[i];
        const bool matches = std::any_of(rule.selectors.begin(), rule.selectors.end(), [&](const draft::Selector& selector) {
          const bool raw = GlobMatches(selector.name, uri);
          const std::string pattern = FoldPattern(selector.name);
          if (rule.verb == Verb::kAllow) return raw && GlobMatches(pattern, folded);
          return raw || GlobMatches(WithoutSlashAtEnd(pattern), folded) ||
                 GlobMatches(WithoutSlashAtEnd(pattern), WithoutSlashAtEnd(folded));
        });
        if (matches) wanted.emplace_back(i);
      }
      index.FindCandidates(Target::kResources, {"s", uri, folded}, {}, found);
      ASSERT_EQ(Text(wanted), Text(found)) << uri << '\n' << DumpProgram(program);
    }
  }
}

// ---- against a linear search -----------------------------------------------------------------------------------------

std::string RandomName(Random& random, std::string_view bytes, std::size_t most) {
  std::string name;
  for (std::size_t n = random.Below(most + 1); n > 0; --n) name += bytes[random.Below(bytes.size())];
  return name;
}

std::string RandomPattern(Random& random) {
  static constexpr std::string_view kFew[] = {"**", "*", "slack", "delete_*", "*_x", "", "a/**"};
  if (random.Below(2) == 0) return std::string(kFew[random.Below(std::size(kFew))]);
  std::string pattern = RandomName(random, "ab/**", 6);
  if (random.Below(8) == 0) pattern += "\\*";
  return pattern;
}

Value RandomScalar(Random& random, const std::vector<std::string>& strings) {
  switch (random.Below(6)) {
    case 0: return Value::Int(3);
    case 1: return random.Below(3) == 0 ? Value::Unknown() : Value::Null();
    default: return Value::String(strings[random.Below(strings.size())]);
  }
}

bool NaiveExcludes(const draft::Discriminator& discriminator, const Value& value) {
  const auto is_wanted = [&](const Value& item) {
    return item.is(Kind::kString) && std::count(discriminator.strings.begin(), discriminator.strings.end(), item.string()) > 0;
  };
  if (value.is_fault() || value.is(Kind::kAbsent)) return false;
  if (discriminator.kind == Discriminator::Kind::kEquals) return !is_wanted(value);
  if (!value.is(Kind::kList)) return false;
  for (std::uint32_t i = 0; i < value.size; ++i) {
    if (value.items[i].is_fault() || is_wanted(value.items[i])) return false;
  }
  return true;
}

struct World {
  ProgramBuilder b;
  std::vector<std::string> strings = {"t0", "t1", "t2", "t3", "t4", "t5", ""};

  explicit World(Random& random) {
    const SlotId slots[] = {b.AddSlot("a.x"), b.AddSlot("a.y"), b.AddSlot("b")};
    const NodeId guard = b.AddConstantNode(b.AddBool(true));
    for (int policy = 0; policy < 3; ++policy) {
      b.AddPolicy("p" + std::to_string(policy), policy == 1 ? Target::kPrompts : Target::kTools);
      for (std::size_t n = random.Below(40); n > 0; --n) {
        draft::Rule& rule = b.AddRule(Verb::kDeny, {RandomPattern(random), RandomPattern(random)});
        while (random.Below(3) == 0) rule.selectors.push_back({RandomPattern(random), RandomPattern(random)});
        rule.guard = guard;
        while (random.Below(2) == 0) {
          draft::Discriminator d{
              random.Below(2) == 0 ? Discriminator::Kind::kEquals : Discriminator::Kind::kContains, slots[random.Below(3)], {}};
          do d.strings.push_back(strings[random.Below(strings.size())]);
          while (random.Below(3) == 0);
          rule.discriminators.push_back(d);
        }
      }
    }
  }

  std::string Naive(Target target, std::string_view scope, std::string_view name, const std::vector<Value>* slots) const {
    std::vector<RuleId> found;
    for (std::size_t i = 0; i < b.program.rules.size(); ++i) {
      const draft::Rule& rule = b.program.rules[i];
      if (b.program.policies[rule.policy.index].target != target) continue;
      const bool selected = std::any_of(rule.selectors.begin(), rule.selectors.end(), [&](const draft::Selector& selector) {
        return GlobMatches(selector.scope, scope) && GlobMatches(selector.name, name);
      });
      const bool excluded =
          slots != nullptr && std::any_of(rule.discriminators.begin(), rule.discriminators.end(),
                                          [&](const draft::Discriminator& d) { return NaiveExcludes(d, (*slots)[d.slot.index]); });
      if (selected && !excluded) found.emplace_back(i);
    }
    return Text(found);
  }
};

TEST(IndexDifferential, AgreesWithALinearSearch) {
  constexpr std::uint64_t kSeed = 20261121;
  for (std::uint64_t round = 0; round < 150; ++round) {
    SCOPED_TRACE("seed " + std::to_string(kSeed + round));
    Random random(kSeed + round);
    const World world(random);
    const VerifiedProgram program = world.b.Verified();
    const RuleIndex index(program);
    std::vector<RuleId> found;
    for (int request = 0; request < 60; ++request) {
      const std::string scope = random.Below(2) == 0 ? "slack" : RandomName(random, "ab/\x1f", 4);
      const std::string name = random.Below(3) == 0 ? "delete_x" : RandomName(random, "ab/*", 5);
      Value items[3];
      for (Value& item : items) item = RandomScalar(random, world.strings);
      std::vector<Value> slots(program.program().slots.size());
      for (Value& slot : slots) {
        slot = random.Below(3) == 0 ? Value::List(items, static_cast<std::uint32_t>(random.Below(4))) : RandomScalar(random, world.strings);
      }
      for (const Target target : {Target::kTools, Target::kPrompts, Target::kAccess}) {
        index.FindCandidates(target, {scope, name}, slots, found);
        ASSERT_EQ(world.Naive(target, scope, name, &slots), Text(found)) << scope << ' ' << name << '\n' << DumpProgram(program);
        index.FindApplying(target, {scope, name}, found);
        ASSERT_EQ(world.Naive(target, scope, name, nullptr), Text(found)) << scope << ' ' << name;
      }
    }
  }
}

// ---- cost ------------------------------------------------------------------------------------------------------------

TEST_F(IndexTest, LookingUpAllocatesNothing) {
  const SlotId tenant = b_.AddSlot("principal.tenant");
  for (int i = 0; i < 200; ++i) {
    const std::string n = std::to_string(i);
    Add("server-" + n, "tool");
    Add("*", "delete_" + n + "_*");
    Add("s*", "*_" + n);
    AddDiscriminated(Discriminator::Kind::kEquals, tenant, {"t" + n});
  }
  slots_[tenant.index] = Value::String("t7");
  const VerifiedProgram program = b_.Verified();
  const RuleIndex index(program);
  std::vector<RuleId> found;
  index.FindCandidates(Target::kTools, {"server-7", "delete_7_x_7"}, slots_, found);
  const std::string first = Text(found);
  const std::uint64_t before = allocation_count;
  for (int i = 0; i < 100; ++i) index.FindCandidates(Target::kTools, {"server-7", "delete_7_x_7"}, slots_, found);
  const std::uint64_t after = allocation_count;
  EXPECT_EQ(before, after);
  EXPECT_EQ("29 30 31", first);
  EXPECT_EQ(first, Text(found));
}

TEST(AhoCorasickTest, FindsAllStringsAtEveryPlace) {
  const std::vector<std::string> strings = {"a", "ab", "bab", "bc", "bca", "c", "caa"};
  const AhoCorasick automaton(strings);
  std::string found;
  std::uint32_t state = AhoCorasick::kRoot;
  for (const char byte : std::string_view("abccab")) {
    state = automaton.Next(state, byte);
    automaton.ForEachFound(state, [&](std::uint32_t i) { found += strings[i] + " "; });
    found += "| ";
  }
  EXPECT_EQ("a | ab | bc c | c | a | ab | ", found);
}

TEST(AhoCorasickTest, SharesPrefixes) {
  std::vector<std::string> strings;
  for (int i = 0; i < 1000; ++i) strings.push_back("delete_customer_" + std::to_string(1000 + i));
  const AhoCorasick automaton(strings);
  EXPECT_EQ(1U + 16 + 1 + 10 + 100 + 1000, automaton.state_count());
  EXPECT_EQ(1U, AhoCorasick().state_count());
}

}  // namespace
}  // namespace writ
