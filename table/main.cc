// The `writ-table` program: declarations of tables from a live database, and beside one.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <fstream>
#include <iostream>

#include "dsl/compiler.h"
#include "rules/base/nearest_name.h"
#include "rules/base/printable.h"
#include "table/declaration.h"
#include "table/drift.h"

namespace {

using writ::table::DatabasePlace;
using writ::table::DatabaseTable;

constexpr int kOk = 0, kDrift = 1, kBadInput = 2;

struct Arguments {
  std::string postgres, mysql, sqlite;
  std::vector<std::string> tables;
  std::string package, output;
  std::vector<std::string> policies;
};

int Fail(const std::string& what) {
  std::cerr << "writ-table: " << writ::Printable(what) << '\n';
  return kBadInput;
}

DatabasePlace PlaceOf(const Arguments& arguments) {
  if (!arguments.sqlite.empty()) return {writ::SqlDialect::kSqlite, arguments.sqlite};
  if (!arguments.mysql.empty()) return {writ::SqlDialect::kMysql, arguments.mysql};
  return {writ::SqlDialect::kPostgres, arguments.postgres};
}

void AddPlace(CLI::App& command, Arguments& arguments) {
  CLI::Option_group* place = command.add_option_group("database", "Where the database is");
  place->add_option("--postgres", arguments.postgres, "libpq's connection string: host=… dbname=…")->type_name("CONNINFO");
  place->add_option("--mysql", arguments.mysql, "MariaDB: host=… port=… socket=… user=… dbname=…; the password in MYSQL_PWD")
      ->type_name("WORDS");
  place->add_option("--sqlite", arguments.sqlite, "SQLite: a file")->type_name("FILE");
  place->require_option(1);
}

// The tables that are asked for, or all. False after naming one that there is not.
bool Select(const std::vector<std::string>& wanted, std::vector<DatabaseTable>& tables, std::string& missing) {
  if (wanted.empty()) return true;
  std::vector<DatabaseTable> selected;
  for (DatabaseTable& table : tables) {
    if (std::find(wanted.begin(), wanted.end(), table.name) != wanted.end()) selected.push_back(std::move(table));
  }
  for (const std::string& name : wanted) {
    const auto is_it = [&](const DatabaseTable& table) { return table.name == name; };
    if (std::none_of(selected.begin(), selected.end(), is_it)) missing = name;
  }
  tables = std::move(selected);
  return missing.empty();
}

int Import(const Arguments& arguments) {
  const DatabasePlace place = PlaceOf(arguments);
  writ::Result<std::vector<DatabaseTable>> tables = writ::table::ReadDatabase(place);
  if (!tables) return Fail(tables.error().message);
  std::string missing;
  if (!Select(arguments.tables, *tables, missing)) return Fail("the database has no table \"" + missing + "\"");
  if (tables->empty()) return Fail("the database has no tables");
  const std::string text = writ::table::DeclarationsOf(*tables, place.dialect, arguments.package);
  // Whatever a database calls its things: what is written is valid.
  const writ::dsl::Compilation compiled = writ::dsl::CompilePolicies({{"import", text}});
  for (const writ::dsl::Diagnostic& diagnostic : compiled.diagnostics) {
    if (!compiled.program) std::cerr << writ::dsl::RenderDiagnostic(diagnostic, compiled.files, false);
  }
  if (!compiled.program) return Fail("these declarations are not valid, nothing is written");
  if (arguments.output.empty()) {
    std::cout << text;
    return std::cout.flush() ? kOk : Fail("the output cannot be written");
  }
  std::ofstream file(arguments.output);
  file << text;
  file.close();
  return file ? kOk : Fail(arguments.output + ": cannot be written");
}

int Check(const Arguments& arguments) {
  std::vector<std::string> paths;
  for (const std::string& given : arguments.policies) {
    writ::Result<std::vector<std::string>> found = writ::dsl::FindPolicyFiles(given);
    if (!found) return Fail(found.error().message);
    paths.insert(paths.end(), found->begin(), found->end());
  }
  writ::Result<std::vector<writ::SourceFile>> files = writ::dsl::ReadPolicyFiles(paths);
  if (!files) return Fail(files.error().message);
  const writ::dsl::Compilation compiled = writ::dsl::CompilePolicies(*std::move(files));
  if (!compiled.program) {
    for (const writ::dsl::Diagnostic& diagnostic : compiled.diagnostics)
      std::cerr << writ::dsl::RenderDiagnostic(diagnostic, compiled.files, false);
    return kBadInput;
  }
  if (compiled.program->tables.empty()) return Fail("the policies declare no table");
  const DatabasePlace place = PlaceOf(arguments);
  writ::Result<std::vector<DatabaseTable>> tables = writ::table::ReadDatabase(place);
  if (!tables) return Fail(tables.error().message);
  const std::vector<std::string> drift = writ::table::DriftOf(*compiled.program, *tables, place.dialect);
  for (const std::string& difference : drift) std::cout << difference << '\n';
  std::cout << compiled.program->tables.size() << " tables, " << drift.size() << " differences\n";
  return drift.empty() ? kOk : kDrift;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Declarations of tables for Writ's policies, from a live database or beside one", "writ-table");
  app.require_subcommand(1);
  Arguments arguments;
  CLI::App* import = app.add_subcommand("import", "Write `table` declarations of a database to standard output");
  AddPlace(*import, arguments);
  import->add_option("--table", arguments.tables, "Only this table, as the database calls it; may be repeated")->type_name("NAME");
  import->add_option("--package", arguments.package, "The package of the declarations")->type_name("NAME");
  import->add_option("--output,-o", arguments.output, "Write to a file")->type_name("FILE");
  CLI::App* check = app.add_subcommand("check", "Compare the tables of policies with a database; exit code 1 when they differ");
  AddPlace(*check, arguments);
  check->add_option("policies", arguments.policies, "Policy files and folders")->required()->type_name("POLICY");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const int code = app.exit(error);
    return code == 0 ? kOk : kBadInput;
  }
  return import->parsed() ? Import(arguments) : Check(arguments);
}
