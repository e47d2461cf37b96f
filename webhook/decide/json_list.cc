// JSON lists through simdjson: the DOM checks the text, the on-demand pass finds where each element is.
#include "webhook/decide/json_list.h"

#include <simdjson.h>

namespace writ {
namespace {

namespace ondemand = simdjson::ondemand;

Error NotAList(simdjson::error_code error) {
  return {ErrorCode::kInvalidArgument, std::string("the body is not JSON: ") + simdjson::error_message(error)};
}

// The text of an element: objects and lists to their closing bracket, scalars as one token.
simdjson::simdjson_result<std::string_view> ElementText(ondemand::value element) {
  ondemand::json_type type{};
  if (const auto error = element.type().get(type)) return error;
  if (type == ondemand::json_type::object) {
    ondemand::object object;
    if (const auto error = element.get_object().get(object)) return error;
    return object.raw_json();
  }
  if (type == ondemand::json_type::array) {
    ondemand::array array;
    if (const auto error = element.get_array().get(array)) return error;
    return array.raw_json();
  }
  return element.raw_json_token();
}

}  // namespace

Status SplitJsonList(std::string_view text, std::size_t max_items, JsonList& list) {
  list.items.clear();
  list.storage.assign(text);
  list.storage.resize(text.size() + simdjson::SIMDJSON_PADDING, '\0');
  const simdjson::padded_string_view padded(list.storage.data(), text.size(), list.storage.size());
  simdjson::dom::parser checker;
  simdjson::dom::element root;
  if (const auto error = checker.parse(list.storage.data(), text.size(), false).get(root)) return NotAList(error);
  simdjson::dom::array whole;
  if (root.get_array().get(whole)) return Error{ErrorCode::kInvalidArgument, "expected a JSON list"};
  if (whole.size() > max_items) {
    return Error{ErrorCode::kTooLarge,
                 "a list holds at most " + std::to_string(max_items) + " requests, found " + std::to_string(whole.size())};
  }
  ondemand::parser parser;
  ondemand::document document;
  ondemand::array array;
  if (const auto error = parser.iterate(padded).get(document)) return NotAList(error);
  if (const auto error = document.get_array().get(array)) return NotAList(error);
  for (auto element : array) {
    ondemand::value value;
    if (const auto error = element.get(value)) return NotAList(error);
    std::string_view item;
    if (const auto error = ElementText(value).get(item)) return NotAList(error);
    list.items.push_back(item.substr(0, item.find_last_not_of(" \t\r\n") + 1));  // simdjson's text goes on to the next token
  }
  return OkStatus();
}

}  // namespace writ
