// The one description of types: every kind made, printed, read again, and kept through a table that
// begins with another's.
#include "rules/model/type.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "rules/model/target_types.h"

namespace writ {
namespace {

std::string Read(std::string_view text) {
  TypeTable types;
  return types.Text(TypeOfText(text, types));
}

TEST(Type, TextIsReadAsItIsPrinted) {
  constexpr std::string_view kTexts[] = {
      "dyn", "null_type", "timestamp",      "list(map(string, int?))",   "list(string)?",      "optional_type(dyn)",          "type(A)",
      "url", "net.IP",    "pair(int, url)", "enum(\"read\", \"write\")", "union(int, string)", "union(string, list(string))?"};
  for (const std::string_view text : kTexts) EXPECT_EQ(text, Read(text));
  // One way to say a thing.
  EXPECT_EQ("dyn", Read("dyn?"));
  EXPECT_EQ("optional_type(A)", Read("opt(A)"));
  EXPECT_EQ("union(int, string)", Read("union(string, union(int, string))"));
  EXPECT_EQ("union(int, string)?", Read("union(string?, int)"));
  EXPECT_EQ("int?", Read("union(int, null_type)"));
  EXPECT_EQ("int", Read("union(int)"));
  EXPECT_EQ("dyn", Read("union(int, dyn)"));
  EXPECT_EQ("enum(\"a\", \"b\")", Read("enum(\"a\", \"b\", \"a\")"));
}

TEST(Type, EqualTypesHaveOneId) {
  TypeTable types;
  constexpr std::string_view kTexts[] = {"list(int)", "int?", "union(int, string)", "enum(\"a\")", "enum(\"a\", \"b\")", "url", "url(int)"};
  for (const std::string_view text : kTexts) EXPECT_EQ(TypeOfText(text, types), TypeOfText(text, types)) << text;
  EXPECT_NE(TypeOfText("enum(\"a\")", types), TypeOfText("enum(\"a\", \"b\")", types));
  EXPECT_NE(TypeOfText("url", types), TypeOfText("cidr", types));
  EXPECT_EQ("enum(\"a\\\"b\")", types.Text(types.Enum(std::vector<std::string_view>{"a\"b"})));
}

// Records are known by their name, and by what is in them.
TEST(Type, RecordsOfOneNameAreToldApart) {
  TypeTable types;
  const TypeId integer = SimpleType(TypeKind::kInt);
  const TypeId first = types.Record("resource", "access", {{"id", integer, true}}, false);
  EXPECT_EQ(first, types.Record("resource", "resources", {{"id", integer, true}}, false));
  const TypeId second = types.Record("resource", "resources", {{"id", integer, false}}, false);
  EXPECT_EQ("resource of resources", types.Text(second));
  EXPECT_EQ("resource of resources (2)", types.Text(types.Record("resource", "resources", {}, true)));
  EXPECT_EQ(second, types.Record("resource", "resources", {{"id", integer, false}}, false));
}

TEST(Type, ATableBeginsWithAnother) {
  TypeTable first;
  const TypeId list = TypeOfText("list(union(int, string))", first), record = first.Record("r", "x", {{"a", list, true}}, true);
  const TypeId any = TypeOfText("enum(\"a\")?", first);
  TypeTable second(first.types());
  EXPECT_EQ(list, TypeOfText("list(union(int, string))", second));
  EXPECT_EQ(record, second.Record("r", "x", {{"a", list, true}}, true));
  EXPECT_EQ(any, TypeOfText("enum(\"a\")?", second));
  EXPECT_EQ(first.types().size(), second.types().size());
}

// What inference left open becomes dyn, and what that makes of the types around it.
TEST(Type, SettlesWhatIsOpen) {
  TypeTable types;
  const auto settled = [&](std::string_view text) { return types.Text(types.Settled(TypeOfText(text, types))); };
  EXPECT_EQ("map(string, list(dyn))", settled("map(string, list(A))"));
  EXPECT_EQ("dyn", settled("A?"));
  EXPECT_EQ("dyn", settled("union(int, A)"));
  EXPECT_EQ("list(int)", settled("list(int)"));
  EXPECT_EQ("enum(\"a\")", settled("enum(\"a\")"));
}

// Kinds of values and of types stand in one list and in one order.
TEST(Type, EveryKindOfValueHasAType) {
#define WRIT_CHECK_KIND(id, name, type_name, wanted, found) \
  EXPECT_EQ(TypeKind::k##id, TypeKindOf(Kind::k##id));      \
  EXPECT_EQ(type_name, TypeName(Kind::k##id));
  WRIT_VALUE_KINDS(WRIT_CHECK_KIND)
#undef WRIT_CHECK_KIND
  TypeTable types;
#define WRIT_CHECK_NAME(id, name, type_name, wanted, found) EXPECT_EQ(name, types.Text(SimpleType(TypeKind::k##id)));
  WRIT_SCALAR_KINDS(WRIT_CHECK_NAME)
#undef WRIT_CHECK_NAME
}

// Every row says a type, and stands behind the record that it is a member of.
TEST(Target, RowsAreTypes) {
  for (std::size_t i = 0; i < kTargetCount; ++i) {
    const TargetInfo& info = InfoOf(static_cast<Target>(i));
    TypeTable types;
    for (const Member& member : info.members) {
      SCOPED_TRACE(std::string(info.name) + " " + std::string(member.path));
      const TypeId type = TypeOfMember(types, info, member, {});
      EXPECT_EQ(member.is_record(), types[type].kind == TypeKind::kRecord);
      EXPECT_EQ(type, TypeOfMember(types, info, member, {}));
      if (member.is_root()) continue;
      const Member* owner = TryFindMember(info, member.path.substr(0, member.path.rfind('.')));
      ASSERT_NE(owner, nullptr);
      EXPECT_TRUE(owner->is_record() && owner < &member);
      const Type& record = types[TypeOfMember(types, info, *owner, {})];
      const auto field = std::find_if(record.fields.begin(), record.fields.end(),
                                      [&](const RecordField& each) { return each.name == NameBelow(*owner, member); });
      ASSERT_NE(field, record.fields.end());
      EXPECT_EQ(type, field->type);
      EXPECT_EQ(member.if_absent == MemberDefault::kAbsent, field->optional);
    }
  }
}

}  // namespace
}  // namespace writ
