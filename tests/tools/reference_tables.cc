// writ_reference_tables: the tables of docs/ that are made from our X-macro lists.
//   --check   compares docs/{opcodes,functions,diagnostics,errors,targets}.md with the lists; exit code 1 when one differs
//   --update  rewrites what stands between the markers, or writes the file when it is not there
// Only what stands between the two marker lines is generated; the rest of each file is written by hand.
#include <algorithm>
#include <fstream>
#include <iostream>
#include <iterator>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "dsl/diagnostics/kind_list.h"
#include "engine/emit/opcode.h"
#include "rules/function/function.h"
#include "rules/model/error_list.h"
#include "rules/model/target.h"

namespace {

constexpr std::string_view kBegin = "<!-- begin: made by writ_reference_tables --update -->\n";
constexpr std::string_view kEnd = "<!-- end -->\n";

// Returns `text` for a cell of a Markdown table.
std::string Cell(std::string_view text) {
  std::string cell;
  for (const char c : text) {
    if (c == '|') cell += '\\';
    cell += c;
  }
  return cell;
}

std::string Code(std::string_view text) { return text.empty() ? "" : "`" + Cell(text) + "`"; }

std::string Row(const std::vector<std::string>& cells) {
  std::string row = "|";
  for (const std::string& cell : cells) row += " " + cell + " |";
  return row + "\n";
}

std::string Opcodes() {
  std::string table = "| instruction | dst | a | b | c | effect |\n|---|---|---|---|---|---|\n";
  for (const writ::OpcodeInfo& info : writ::kOpcodeInfo) {
    const auto letter = [](writ::Operand operand) {
      return operand == writ::Operand::_ ? std::string() : std::string(1, static_cast<char>(operand));
    };
    table += Row({Code(info.name), letter(info.dst), letter(info.a), letter(info.b), letter(info.c), Cell(info.effect)});
  }
  return table;
}

// "5 + 1 per 32 bytes + 1 per item".
std::string FuelText(const writ::Fuel& fuel) {
  std::string text = std::to_string(fuel.constant);
  if (fuel.per_block != 0) text += " + " + std::to_string(fuel.per_block) + " per 32 bytes";
  if (fuel.per_item != 0) text += " + " + std::to_string(fuel.per_item) + " per item";
  return text;
}

std::string Functions() {
  std::string table = "| function | library | since | signatures | steps, at most | calls of constants |\n|---|---|---|---|---|---|\n";
  for (const writ::FunctionInfo& info : writ::kFunctionInfo) {
    const std::string fold = info.fold.is_allowed() ? "computed by the compiler" : "left: " + Cell(info.fold.never);
    table +=
        Row({Code(info.name), std::string(info.library), std::to_string(info.since), Code(info.signatures), FuelText(info.fuel), fold});
  }
  return table;
}

std::string Diagnostics() {
  std::string table = "| name | severity | text |\n|---|---|---|\n";
#define WRIT_ROW(name, severity, text) \
  table += Row({Code(#name), std::string_view(#severity) == "Error" ? "error" : "warning", Cell(text)});
  WRIT_DIAGNOSTICS(WRIT_ROW)
#undef WRIT_ROW
  return table;
}

std::string Errors() {
  std::string table = "| name | text |\n|---|---|\n";
#define WRIT_ROW(name, text) table += Row({Code(#name), Cell(text)});
  WRIT_VALUE_ERRORS(WRIT_ROW)
#undef WRIT_ROW
  return table;
}

std::string_view DefaultText(writ::MemberDefault value) {
  using D = writ::MemberDefault;
  switch (value) {
    case D::kAbsent: return "absent";
    case D::kFalse: return "`false`";
    case D::kTrue: return "`true`";
    case D::kEmptyList: return "`[]`";
    case D::kEmptyMap: return "`{}`";
    case D::kChainDepth: return "the number of actors";
    case D::kNow: return "now";
    case D::kNull: return "`null`";
  }
  return "";
}

std::string_view UnlistedText(const writ::Member& member) {
  if (!member.is_record()) return "";
  switch (member.unlisted) {
    case writ::Unlisted::kRefused: return "refused";
    case writ::Unlisted::kDyn: return "dyn";
    case writ::Unlisted::kUnread: return "allowed, not readable";
  }
  return "";
}

// A member that several targets have with the same row is one row, with all of them.
std::string Targets() {
  std::vector<std::pair<std::string, std::string>> rows;  // of a row: its targets, the rest
  for (std::size_t i = 0; i < writ::kTargetCount; ++i) {
    const writ::TargetInfo& info = writ::InfoOf(static_cast<writ::Target>(i));
    for (const writ::Member& member : info.members) {
      std::string rest = " " + Code(member.path) + " | " + (member.is_record() ? "record" : Code(member.type)) + " | " +
                         std::string(DefaultText(member.if_absent)) + " | " + std::string(UnlistedText(member)) + " |\n";
      auto row = std::find_if(rows.begin(), rows.end(), [&](const auto& each) { return each.second == rest; });
      if (row == rows.end()) row = rows.insert(rows.end(), {"", std::move(rest)});
      row->first += (row->first.empty() ? "" : " ") + std::string(info.name);
    }
  }
  std::string table = "| targets | member | type | left out | members not listed |\n|---|---|---|---|---|\n";
  for (const auto& [targets, rest] : rows) table += "| " + targets + " |" + rest;
  return table;
}

struct Document {
  const char* file;
  const char* preface;  // of a file that is written anew
  std::string (*table)();
};

constexpr Document kDocuments[] = {
    {"opcodes.md",
     "# Instructions of register code\n\nExpressions become register code when they are first evaluated; `engine/emit/opcode_list.h` is "
     "the "
     "list and says what the letters of the operands mean.\n"
     "No bundle holds them.\n\n",
     Opcodes},
    {"functions.md",
     "# Functions and operators\n\nThe list is `rules/function/function_list.h`. `since` is the version of the library that brought the "
     "function. `T.(…)` is a method of T; A and B are any\ntypes; opt(A) is an optional. Bytes and items are those of the arguments, "
     "nested ones included.\n\n",
     Functions},
    {"diagnostics.md",
     "# Diagnostics\n\nThe list is `dsl/diagnostics/kind_list.h`. The name stands in brackets behind each message; {0}, {1}, {2} are "
     "filled in.\n\n",
     Diagnostics},
    {"errors.md",
     "# Errors of evaluation\n\nErrors are values (`rules/model/error_list.h`): a deny rule whose guard is an error denies. {} is the "
     "error's detail.\n\n",
     Errors},
    {"targets.md",
     "# Members of requests\n\nThe list is `rules/model/target.cc`: what policies of a target may name, and what its requests may hold. "
     "What it means is in [language.md](language.md), \"Targets\".\n\n",
     Targets},
};

std::string ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// Returns the document with its table as the lists have it now.
std::string Renewed(const Document& document, const std::string& old) {
  const std::string table = std::string(kBegin) + document.table() + std::string(kEnd);
  const std::size_t begin = old.find(kBegin);
  const std::size_t end = old.find(kEnd, begin == std::string::npos ? 0 : begin);
  if (begin == std::string::npos || end == std::string::npos) return document.preface + table;
  return old.substr(0, begin) + table + old.substr(end + kEnd.size());
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view mode = argc == 2 ? argv[1] : "";
  if (mode != "--check" && mode != "--update") {
    std::cerr << "usage: writ_reference_tables --check | --update\n";
    return 2;
  }
  int passed = 0, failed = 0;
  for (const Document& document : kDocuments) {
    const std::string path = std::string(WRIT_SOURCE_DIR "/docs/") + document.file;
    const std::string old = ReadFile(path);
    const std::string renewed = Renewed(document, old);
    if (old == renewed) {
      ++passed;
    } else if (mode == "--update" && (std::ofstream(path, std::ios::binary) << renewed)) {
      ++passed;
      std::cout << "docs/" << document.file << " rewritten\n";
    } else {
      ++failed;
      std::cout << "docs/" << document.file << " is not what the lists say: run writ_reference_tables --update\n";
    }
  }
  std::cout << passed << " passed, " << failed << " failed, 0 skipped\n";
  return failed == 0 ? 0 : 1;
}
