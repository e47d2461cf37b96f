// `writ filter`: the condition under which rows of a table are visible, as SQL with parameters.
#include <optional>
#include <string>

#include "cli/commands.h"
#include "cli/deciding.h"
#include "cli/policy_files.h"
#include "cli/report.h"
#include "cli/text.h"
#include "rules/base/printable.h"
#include "writ/filter.h"

namespace writ::cli {
namespace {

std::string MaskText(const Obligation& mask) {
  switch (mask.kind) {
    case MaskKind::kKeepLast: return "keep last " + std::to_string(mask.count);
    case MaskKind::kKeepFirst: return "keep first " + std::to_string(mask.count);
    case MaskKind::kHash: return "hash";
    case MaskKind::kReplace: return "with " + LiteralText(Value::String(mask.replacement));
    case MaskKind::kNull: return "null";
  }
  return "null";
}

void PrintFilter(const RowFilter& filter, const Console& console) {
  if (const auto* some = std::get_if<SomeRows>(&filter.rows)) {
    console.out << Printable(some->sql) << "\n";
    std::size_t number = 0;
    for (const SqlParameter& parameter : some->parameters)
      console.out << "  " << ++number << ": " << parameter.type << " " << Printable(parameter.json) << "\n";
  } else {
    console.out << (std::holds_alternative<AllRows>(filter.rows) ? "all rows" : "no rows") << "\n";
  }
  for (const ColumnMask& column : filter.masks) {
    console.out << "mask " << Printable(column.mask.target) << " " << Printable(MaskText(column.mask))
                << (column.applies_to_all ? "" : ", depending on the row") << "\n";
  }
}

}  // namespace

ExitCode RunFilter(const FilterOptions& options, const Console& console) {
  std::optional<FakeClock> fixed;
  if (!options.at.empty()) {
    fixed = ClockAt(options.at, console);
    if (!fixed) return ExitCode::kBadInput;
  }
  const EvalOptions loading{.policies = options.policies, .paths = {}, .data = options.data};
  const std::optional<LoadedPolicies> loaded = LoadForDeciding(loading, console);
  if (!loaded) return ExitCode::kBadInput;
  const Engine engine(loaded->policies, fixed ? static_cast<const Clock&>(*fixed) : SystemClock());
  Context context;
  const RowFilterRequest request{.table = options.table, .principal_json = options.principal, .context_json = options.context};
  const SqlOptions sql{.dialect = *TryFindSqlDialect(options.dialect), .alias = options.alias, .offset = options.offset};
  const Result<RowFilter> filter = MakeRowFilter(engine, request, sql, context);
  if (!filter) {
    PrintError(console, filter.error().message);
    return ExitCode::kBadInput;
  }
  if (options.format == Format::kJson)
    console.out << RowFilterJson(*filter) << "\n";
  else
    PrintFilter(*filter, console);
  return ExitCode::kOk;
}

}  // namespace writ::cli
