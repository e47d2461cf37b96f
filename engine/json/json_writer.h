// Writes JSON text, minding the commas.
//
//   JsonWriter json(out);
//   json.Open('{');
//   json.Key("effect").String("deny");
//   json.Key("rules").Open('[');        // then json.Close(']'), json.Close('}')
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "rules/model/value.h"

namespace writ {

// Appends to a string, which is borrowed. What is opened is closed by the caller. Not thread-safe.
class JsonWriter {
 public:
  explicit JsonWriter(std::string& out) : out_(out) {}

  void Open(char bracket) {
    Separate();
    out_ += bracket;
    is_first_ = true;
  }
  void Close(char bracket) {
    out_ += bracket;
    is_first_ = false;
  }
  // The name of a member; its value is what is written next.
  JsonWriter& Key(std::string_view key) {
    Separate();
    AppendJsonString(key, out_);
    out_ += ':';
    is_first_ = true;
    return *this;
  }
  // The same for a literal, in which nothing has to be escaped.
  template <std::size_t Size>
  JsonWriter& Key(const char (&name)[Size]) {
    Separate();
    out_ += '"';
    out_.append(name, Size - 1).append("\":", 2);
    is_first_ = true;
    return *this;
  }
  void String(std::string_view text) {
    Separate();
    AppendJsonString(text, out_);
  }
  // A value that is JSON already.
  void Raw(std::string_view json) {
    Separate();
    out_ += json;
  }
  void Strings(const std::vector<std::string>& texts) {
    Open('[');
    for (const std::string& text : texts) String(text);
    Close(']');
  }
  // Bytes written so far, what stood in the string before included.
  std::size_t size() const { return out_.size(); }

 private:
  void Separate() {
    if (!is_first_) out_ += ',';
    is_first_ = false;
  }

  std::string& out_;
  bool is_first_ = true;
};

}  // namespace writ
