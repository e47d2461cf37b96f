// Literals as values; see constant_value.h.
#include "rules/ir/constant_value.h"

namespace writ {

Value ScalarValue(const Program& program, const Constant& constant) {
  switch (constant.kind) {
    case Kind::kNull: return Value::Null();
    case Kind::kBool: return Value::Bool(constant.integer() != 0);
    case Kind::kInt: return Value::Int(constant.integer());
    case Kind::kUint: return Value::Uint(constant.bits);
    case Kind::kDouble: return Value::Double(constant.real());
    case Kind::kString: return Value::String(program[constant.text()]);
    case Kind::kBytes: return Value::Bytes({reinterpret_cast<const char*>(program[constant.bytes()].data()), constant.bytes().count});
    case Kind::kTimestamp: return Value::Timestamp(constant.integer(), constant.nanos);
    case Kind::kDuration: return Value::Duration(constant.integer());
    case Kind::kType: return Value::Type(program[constant.text()]);
    case Kind::kError: return Value::Error(static_cast<ValueError>(constant.code), program[constant.text()]);
    case Kind::kList:
    case Kind::kMap:
    case Kind::kAbsent:
    case Kind::kOptional:
    case Kind::kUnknown: break;
  }
  return {};
}

}  // namespace writ
