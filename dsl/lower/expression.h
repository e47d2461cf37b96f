// Single CEL expressions outside a policy: `writ cel`, the conformance runner, fuzzers and tests.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "dsl/diagnostics/diagnostic.h"
#include "rules/ir/program.h"
#include "rules/model/type.h"

namespace writ::dsl {

// What an expression may refer to.
struct ExpressionEnvironment {
  struct Variable {
    std::string name;  // may be dotted: "a.b.c" is one variable
    TypeId type;       // in `types`
  };
  struct Overload {  // a declared function without implementation; only for checking
    std::string function;
    bool is_method = false;
    std::vector<TypeId> parameters;  // type parameters are TypeTable::Parameter
    TypeId result;
  };
  TypeTable types;
  std::string container;  // namespace for name resolution, "" = none
  std::vector<Variable> variables;
  std::vector<Overload> functions;
  bool check = true;  // false: no type checking; everything is dyn
};

struct CompiledExpression {
  std::vector<Diagnostic> diagnostics;
  bool ok = false;  // no errors
  Program program;  // when ok; every variable is a root slot of its (dotted) name
  NodeId root;      // when ok: the expression
  TypeId type;      // the expression's static type, in the environment's types
};

// Parses, checks (unless told not to) and lowers one expression. `file.name` is used in diagnostics.
CompiledExpression CompileExpression(const SourceFile& file, ExpressionEnvironment& environment, const SourceLimits& limits = {});

}  // namespace writ::dsl
