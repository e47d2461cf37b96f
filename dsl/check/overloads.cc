// Reads the signature notation of rules/function/function_list.h.
#include "dsl/check/overloads.h"

#include <string>

#include "rules/base/check.h"

namespace writ::dsl {
namespace {

// A cursor over one signature. The text is ours: what does not fit is a bug.
class Reader {
 public:
  Reader(std::string_view text, TypeTable& types) : text_(text), types_(types) {}

  bool Take(std::string_view token) {
    while (!text_.empty() && text_.front() == ' ') text_.remove_prefix(1);
    if (!text_.starts_with(token)) return false;
    text_.remove_prefix(token.size());
    return true;
  }
  void Need(std::string_view token) { WRIT_CHECK(Take(token)); }
  bool at_end() const { return text_.find_first_not_of(' ') == std::string_view::npos; }

  // NOLINTNEXTLINE(misc-no-recursion): depth of the table's own types, 3
  TypeId ReadType() {
    Take("");
    const std::size_t end =
        std::min(text_.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_"), text_.size());
    const std::string name(text_.substr(0, end));
    text_.remove_prefix(end);
    WRIT_CHECK(!name.empty());
    if (name.size() == 1) {
      generic = true;
      return types_.Parameter(name);
    }
    for (std::size_t kind = static_cast<std::size_t>(TypeKind::kDyn); kind <= static_cast<std::size_t>(TypeKind::kDuration); ++kind) {
      const TypeId simple = types_.Simple(static_cast<TypeKind>(kind));
      if (types_[simple].name == name) return simple;
    }
    std::vector<TypeId> parameters;
    if (Take("(")) {
      do parameters.push_back(ReadType());
      while (Take(","));
      Need(")");
    }
    if (name == "list") return types_.List(parameters.at(0));
    if (name == "map") return types_.Map(parameters.at(0), parameters.at(1));
    if (name == "opt") return types_.Optional(parameters.at(0));
    if (name == "type") return types_.TypeOfType(parameters.at(0));
    return types_.Abstract(name, std::move(parameters));  // opaque types of libraries: "net.IP", …
  }

  bool generic = false;

 private:
  std::string_view text_;
  TypeTable& types_;
};

}  // namespace

Signature ParseSignature(std::string_view text, TypeTable& types) {
  Reader reader(text, types);
  Signature signature;
  if (!reader.Take("(")) {
    signature.is_method = true;
    signature.parameters.push_back(reader.ReadType());
    reader.Need(".");
    reader.Need("(");
  }
  if (!reader.Take(")")) {
    do signature.parameters.push_back(reader.ReadType());
    while (reader.Take(","));
    reader.Need(")");
  }
  reader.Need("->");
  signature.result = reader.ReadType();
  WRIT_CHECK(reader.at_end());
  signature.generic = reader.generic;
  return signature;
}

OverloadTable::OverloadTable(TypeTable& types) {
  for (std::uint16_t i = 0; i < kFunctionCount; ++i) {
    const Function function = static_cast<Function>(i);
    const FunctionInfo& info = InfoOf(function);
    FunctionOverloads& overloads = functions_[info.name];
    overloads.function = function;
    std::string_view rest = info.signatures;
    while (!rest.empty()) {
      const std::size_t end = std::min(rest.find(';'), rest.size());
      overloads.signatures.push_back(ParseSignature(rest.substr(0, end), types));
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    if (!info.is_operator()) names_.push_back(info.name);
  }
}

const FunctionOverloads* OverloadTable::TryFind(std::string_view name) const {
  const auto found = functions_.find(name);
  return found == functions_.end() ? nullptr : &found->second;
}

}  // namespace writ::dsl
