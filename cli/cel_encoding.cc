// Values and types as JSON, with an eye on the size of what is written; see cel_encoding.h.
#include "cli/cel_encoding.h"

#include <cinttypes>
#include <cstdio>

#include "rules/model/time.h"

namespace writ::cli {
namespace {

// A text that needs no escapes: {"int":"5"}.
void AppendPlain(const char* kind, const std::string& text, std::string& out) {
  out.append("{\"").append(kind).append("\":\"").append(text).append("\"}");
}

void AppendText(const char* kind, std::string_view text, std::string& out) {
  out.append("{\"").append(kind).append("\":");
  AppendJsonString(text, out);
  out += '}';
}

// "1.500000000s": no fraction, or nine digits of it.
std::string DurationText(std::int64_t nanos) {
  constexpr std::uint64_t kNanosPerSecond = 1'000'000'000;
  const std::uint64_t magnitude = nanos < 0 ? 0 - static_cast<std::uint64_t>(nanos) : static_cast<std::uint64_t>(nanos);
  std::string text = (nanos < 0 ? "-" : "") + std::to_string(magnitude / kNanosPerSecond);
  if (const std::uint64_t fraction = magnitude % kNanosPerSecond; fraction != 0) {
    char digits[16];
    std::snprintf(digits, sizeof digits, ".%09" PRIu64, fraction);
    text += digits;
  }
  return text + "s";
}

// "2009-02-13T23:31:30.000000001Z": no fraction, or nine digits of it.
std::string TimestampText(const Value& timestamp) {
  std::string text = FormatTimestamp(Value::Timestamp(timestamp.integer, 0));
  if (timestamp.size == 0) return text;
  char fraction[16];
  std::snprintf(fraction, sizeof fraction, ".%09" PRIu32 "Z", timestamp.size);
  text.pop_back();
  return text + fraction;
}

// A whole number has a point, as no other implementation's text of a double is one of an int:
// "5.0".
std::string DoubleText(double value) {
  std::string text = FormatDouble(value);
  if (text.find_first_not_of("-0123456789") == std::string::npos) text += ".0";
  return text;
}

class ValueEncoder {
 public:
  explicit ValueEncoder(std::string& out) : out_(out), end_(out.size() + kMaxEncodedBytes) {}

  // NOLINTNEXTLINE(misc-no-recursion): depth <= 1,000, see value.h
  bool Append(const Value& value) {
    if (out_.size() >= end_) return false;
    switch (value.kind) {
      case Kind::kNull: out_ += "{\"null\":null}"; break;
      case Kind::kBool: out_ += value.boolean ? "{\"bool\":true}" : "{\"bool\":false}"; break;
      case Kind::kInt: AppendPlain("int", std::to_string(value.integer), out_); break;
      case Kind::kUint: AppendPlain("uint", std::to_string(value.unsigned_integer), out_); break;
      case Kind::kDouble: AppendPlain("double", DoubleText(value.real), out_); break;
      case Kind::kString: AppendText("string", value.string(), out_); break;
      case Kind::kBytes: AppendBytes(value); break;
      case Kind::kTimestamp: AppendPlain("timestamp", TimestampText(value), out_); break;
      case Kind::kDuration: AppendPlain("duration", DurationText(value.integer), out_); break;
      case Kind::kType: AppendText("type", value.string(), out_); break;
      case Kind::kList: return AppendList(value);
      case Kind::kMap: return AppendMap(value);
      case Kind::kOptional: return AppendOptional(value);
      case Kind::kAbsent:
      case Kind::kError:
      case Kind::kUnknown: return false;
    }
    return true;
  }

 private:
  void AppendBytes(const Value& value) {
    out_ += "{\"bytes\":";
    AppendJson(value, out_);  // base64 in quotes
    out_ += '}';
  }

  // NOLINTNEXTLINE(misc-no-recursion): see Append
  bool AppendList(const Value& list) {
    out_ += "{\"list\":[";
    for (std::uint32_t i = 0; i < list.size; ++i) {
      if (i > 0) out_ += ',';
      if (!Append(list.items[i])) return false;
    }
    out_ += "]}";
    return true;
  }

  // NOLINTNEXTLINE(misc-no-recursion): see Append
  bool AppendMap(const Value& map) {
    out_ += "{\"map\":[";
    const std::uint32_t size = map.map == nullptr ? 0 : map.map->size;
    for (std::uint32_t i = 0; i < size; ++i) {
      const MapEntry& entry = map.map->entries[i];
      out_ += i > 0 ? ",[" : "[";
      if (!Append(entry.key)) return false;
      out_ += ',';
      if (!Append(entry.value)) return false;
      out_ += ']';
    }
    out_ += "]}";
    return true;
  }

  // NOLINTNEXTLINE(misc-no-recursion): see Append
  bool AppendOptional(const Value& optional) {
    out_ += "{\"optional\":";
    if (optional.inner == nullptr) {
      out_ += "null";
    } else if (!Append(*optional.inner)) {
      return false;
    }
    out_ += '}';
    return true;
  }

  std::string& out_;
  std::size_t end_;
};

class TypeEncoder {
 public:
  TypeEncoder(const TypeTable& types, std::string& out) : types_(types), out_(out), end_(out.size() + kMaxEncodedTypeBytes) {}

  // NOLINTNEXTLINE(misc-no-recursion): depth of the type, which is the expression's
  bool Append(TypeId id) {
    if (out_.size() >= end_) return false;
    const Type& type = types_[id];
    if (type.kind == TypeKind::kList) return AppendOne("list", type);
    if (type.kind == TypeKind::kType) return AppendOne("type", type);
    if (type.kind == TypeKind::kNullable) return AppendOne("wrapper", type);
    if (type.kind == TypeKind::kOptional) return AppendAbstract("optional_type", type);
    if (type.kind == TypeKind::kOpaque) return AppendAbstract(type.name, type);
    if (type.kind == TypeKind::kMap) {
      out_ += "{\"map\":";
      const bool fits = AppendAll(type);
      out_ += '}';
      return fits;
    }
    const bool is_simple = type.kind <= TypeKind::kDuration;
    out_.append("\"").append(is_simple ? type.name : type.kind == TypeKind::kEnum ? "string" : "dyn").append("\"");
    return true;
  }

 private:
  // NOLINTNEXTLINE(misc-no-recursion): see Append
  bool AppendOne(const char* kind, const Type& type) {
    out_.append("{\"").append(kind).append("\":");
    bool fits = true;
    if (type.parameters.empty())
      out_ += "\"dyn\"";
    else
      fits = Append(type.parameters[0]);
    out_ += '}';
    return fits;
  }

  // NOLINTNEXTLINE(misc-no-recursion): see Append
  bool AppendAbstract(std::string_view name, const Type& type) {
    out_ += "{\"abstract\":";
    AppendJsonString(name, out_);
    out_ += ",\"params\":";
    const bool fits = AppendAll(type);
    out_ += '}';
    return fits;
  }

  // NOLINTNEXTLINE(misc-no-recursion): see Append
  bool AppendAll(const Type& type) {
    out_ += '[';
    for (std::size_t i = 0; i < type.parameters.size(); ++i) {
      if (i > 0) out_ += ',';
      if (!Append(type.parameters[i])) return false;
    }
    out_ += ']';
    return true;
  }

  const TypeTable& types_;
  std::string& out_;
  std::size_t end_;
};

}  // namespace

bool AppendCelValue(const Value& value, std::string& out) { return ValueEncoder(out).Append(value); }

bool AppendCelType(const TypeTable& types, TypeId type, std::string& out) { return TypeEncoder(types, out).Append(type); }

}  // namespace writ::cli
