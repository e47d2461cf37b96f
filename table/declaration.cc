// Tables as text; see declaration.h.
#include "table/declaration.h"

#include <algorithm>
#include <map>
#include <set>

#include "rules/base/printable.h"
#include "table/column_type.h"

namespace writ::table {
namespace {

// CEL's own words cannot be members' names.
constexpr std::string_view kReserved[] = {"as",       "break", "const",     "continue", "else", "false", "for",
                                          "function", "if",    "import",    "in",       "let",  "loop",  "null",
                                          "package",  "true",  "namespace", "return",   "var",  "void",  "while"};

// A name of policies that looks like `name`, and that `taken` has not; adds it.
std::string NameFor(std::string_view name, std::set<std::string>& taken) {
  std::string made;
  for (const char each : name) {
    const bool is_digit = each >= '0' && each <= '9';
    const bool is_letter = (each >= 'a' && each <= 'z') || (each >= 'A' && each <= 'Z') || each == '_';
    if (is_digit && made.empty()) made = "_";
    made += is_digit || is_letter ? each : '_';
  }
  if (made.empty() || std::find(std::begin(kReserved), std::end(kReserved), made) != std::end(kReserved)) made += '_';
  std::string free = made;
  for (int number = 2; !taken.insert(free).second; ++number) free = made + "_" + std::to_string(number);
  return free;
}

std::string Quoted(std::string_view text) {
  std::string quoted = "\"";
  for (const char each : text) {
    if (each == '"' || each == '\\') quoted += '\\';
    quoted += each;
  }
  return quoted + '"';
}

std::string StoredAs(std::string_view name, std::string_view made) { return name == made ? "" : " stored as " + Quoted(name); }

// Names that tables and columns have in policies; "" = a column that cannot be declared.
struct Names {
  std::string table;
  std::set<std::string> taken;  // of columns and relations
  std::map<std::string, std::string> columns;
};

class Writer {
 public:
  Writer(std::span<const DatabaseTable> tables, SqlDialect dialect) : tables_(tables), dialect_(dialect) {
    std::set<std::string> taken;
    for (const DatabaseTable& table : tables) {
      Names& names = names_[table.name];
      names.table = NameFor(std::string_view(table.name).substr(table.name.find('.') + 1), taken);
      for (const DatabaseColumn& column : table.columns) {
        const bool may_be = !ColumnTypeOf(dialect, column.type).type.empty() && StoredNameFault(column.name).empty();
        names.columns[column.name] = may_be ? NameFor(column.name, names.taken) : "";
      }
    }
    for (const DatabaseTable& table : tables) {
      for (const ForeignKey& key : table.keys) AddRelations(table, key);
    }
  }

  std::string Write() {
    for (const DatabaseTable& table : tables_) {
      const Names& names = names_[table.name];
      const bool may_be = StoredNameFault(table.name).empty() && std::count(table.name.begin(), table.name.end(), '.') <= 1;
      if (!may_be) {
        out_ += "// " + Printable(table.name) + ": its name cannot be declared\n\n";
        continue;
      }
      out_ += "table " + names.table + StoredAs(table.name, names.table) + " {\n";
      for (const DatabaseColumn& column : table.columns) WriteColumn(column, names.columns.at(column.name));
      out_ += relations_[table.name];
      out_ += "}\n\n";
    }
    if (!out_.empty()) out_.pop_back();
    return std::move(out_);
  }

 private:
  void WriteColumn(const DatabaseColumn& column, const std::string& name) {
    const ColumnType type = ColumnTypeOf(dialect_, column.type);
    if (name.empty()) {
      const std::string why = type.type.empty() ? std::string(type.why) : "its name " + StoredNameFault(column.name);
      out_ += "  // " + Printable(column.name) + " is " + Printable(column.type) + ": " + why + "\n";
      return;
    }
    out_ += "  " + name + ": " + std::string(type.type) + (column.is_nullable ? "?" : "");
    if (type.type == "string" && column.is_exact) out_ += " exact";
    if (!type.storage.empty()) out_ += " " + std::string(type.storage);
    out_ += StoredAs(column.name, name) + "\n";
  }

  // `customer: one customers on customers.id = customer_id`, and the way back.
  void AddRelations(const DatabaseTable& table, const ForeignKey& key) {
    const auto other = names_.find(key.table);
    if (other == names_.end()) return;
    Names& ours = names_[table.name];
    std::string there, back;
    for (const auto& [theirs, our] : key.columns) {
      const std::string their_name = other->second.columns[theirs], our_name = ours.columns[our];
      if (their_name.empty() || our_name.empty()) return;
      there += (there.empty() ? "" : " and ") + other->second.table + "." + their_name + " = " + our_name;
      back += (back.empty() ? "" : " and ") + ours.table + "." + our_name + " = " + their_name;
    }
    if (there.empty()) return;
    std::string base = other->second.table;
    const std::string& column = key.columns[0].second;
    if (key.columns.size() == 1 && column.size() > 3 && column.ends_with("_id")) base = column.substr(0, column.size() - 3);
    relations_[table.name] += "  " + NameFor(base, ours.taken) + ": one " + other->second.table + " on " + there + "\n";
    relations_[key.table] += "  " + NameFor(ours.table, other->second.taken) + ": many " + ours.table + " on " + back + "\n";
  }

  std::span<const DatabaseTable> tables_;
  SqlDialect dialect_;
  std::map<std::string, Names> names_;
  std::map<std::string, std::string> relations_;
  std::string out_;
};

}  // namespace

std::string DeclarationsOf(std::span<const DatabaseTable> tables, SqlDialect dialect, const std::string& package) {
  const std::string head = package.empty() ? "" : "package " + package + "\n\n";
  return head + Writer(tables, dialect).Write();
}

}  // namespace writ::table
