// Literals as values; see constant_value.h.
#include "rules/ir/constant_value.h"

namespace writ {

Value ScalarValue(const Program& program, const Constant& constant) {
  switch (constant.kind) {
    case Constant::Kind::kNull: return Value::Null();
    case Constant::Kind::kBool: return Value::Bool(constant.integer() != 0);
    case Constant::Kind::kInt: return Value::Int(constant.integer());
    case Constant::Kind::kUint: return Value::Uint(constant.bits);
    case Constant::Kind::kDouble: return Value::Double(constant.real());
    case Constant::Kind::kString: return Value::String(program[constant.text()]);
    case Constant::Kind::kBytes:
      return Value::Bytes({reinterpret_cast<const char*>(program[constant.bytes()].data()), constant.bytes().count});
    case Constant::Kind::kTimestamp: return Value::Timestamp(constant.integer(), constant.nanos);
    case Constant::Kind::kDuration: return Value::Duration(constant.integer());
    case Constant::Kind::kType: return Value::Type(program[constant.text()]);
    case Constant::Kind::kError: return Value::Error(static_cast<ValueError>(constant.code), program[constant.text()]);
    case Constant::Kind::kList:
    case Constant::Kind::kMap: break;
  }
  return {};
}

}  // namespace writ
