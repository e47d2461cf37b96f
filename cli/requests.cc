#include "cli/requests.h"

#include <charconv>
#include <initializer_list>
#include <utility>

#include "cli/input.h"
#include "cli/text.h"
#include "engine/json/json_reader.h"
#include "rules/base/arena.h"
#include "rules/model/value.h"

namespace writ::cli {
namespace {

const Value* Member(const Value& object, std::string_view name) {
  return object.is(Kind::kMap) && object.map != nullptr ? FindInMap(*object.map, name) : nullptr;
}

bool Has(const Value& object, std::string_view name) { return Member(object, name) != nullptr; }

// The text of a member, or of the first of `names` inside it when it is an object; "" when there is none.
std::string TextOf(const Value& object, std::string_view member, std::initializer_list<std::string_view> names) {
  const Value* value = Member(object, member);
  if (value == nullptr) return {};
  if (value->is(Kind::kString)) return std::string(value->string());
  for (const std::string_view name : names) {
    const Value* inner = Member(*value, name);
    if (inner != nullptr && inner->is(Kind::kString)) return std::string(inner->string());
  }
  return {};
}

bool IsObject(const Value& value) {
  const Value* version = Member(value, "apiVersion");
  const Value* kind = Member(value, "kind");
  return version != nullptr && kind != nullptr && version->is(Kind::kString) && kind->is(Kind::kString) && !version->string().empty() &&
         !kind->string().empty();
}

// Which of the shapes of docs/requests_and_decisions.md a YAML mapping has. One member alone (`server:`, `resource:`) is as
// likely to be somebody's configuration.
bool LooksLikeRequest(const Value& value) {
  const auto has = [&](std::string_view name) { return Has(value, name); };
  if (has("target") || has("principal") || has("subject")) return true;
  if (has("server") && (has("tool") || has("list") || has("resource") || has("prompt") || has("schema"))) return true;
  return (has("table") && has("row")) || (has("object") && has("request"));
}

// Whether any member of a request is there. JSON with one is taken for a request, so that a misspelt one is refused and not
// passed over.
bool HasRequestMember(const Value& value) {
  for (const std::string_view name : {"target",    "principal",       "context", "server", "tool",     "list",  "args",
                                      "resource",  "prompt",          "subject", "action", "table",    "row",   "object",
                                      "oldObject", "namespaceObject", "request", "schema", "previous", "facts", "unknown"}) {
    if (Has(value, name)) return true;
  }
  return false;
}

std::string RequestLabel(const Value& value) {
  if (const std::string table = TextOf(value, "table", {}); !table.empty()) return "row of " + table;
  if (Has(value, "subject")) {
    return TextOf(value, "subject", {"id"}) + " " + TextOf(value, "action", {"name"}) + " " + TextOf(value, "resource", {"id", "type"});
  }
  std::string label = TextOf(value, "server", {"name"});
  const std::initializer_list<std::pair<std::string_view, std::string_view>> named = {
      {"tool", "name"}, {"resource", "uri"}, {"prompt", "name"}};
  for (const auto& [member, name] : named) {
    const std::string text = TextOf(value, member, {name});
    if (!text.empty()) return label.append(label.empty() ? "" : "/").append(text);
  }
  if (const Value* list = Member(value, "list"); list != nullptr && list->is(Kind::kList))
    label += ": list of " + Counted(list->size, "tool");
  return label;
}

void DescribeObject(const Value& object, Subject& subject) {
  subject.is_manifest = true;
  subject.api_version = TextOf(object, "apiVersion", {});
  subject.kind = TextOf(object, "kind", {});
  subject.is_named = !TextOf(object, "metadata", {"name"}).empty();
  subject.name = TextOf(object, "metadata", {"name", "generateName"});
  subject.name_space = TextOf(object, "metadata", {"namespace"});
  subject.label = subject.kind + "/" + (subject.name.empty() ? "?" : subject.name);
}

void DescribeReview(const Value& review, Subject& subject) {
  const Value* request = Member(review, "request");
  if (request == nullptr) return;
  subject.kind = TextOf(*request, "kind", {"kind"});
  subject.name = TextOf(*request, "name", {});
  subject.label = TextOf(*request, "operation", {}) + " " + subject.kind + "/" + (subject.name.empty() ? "?" : subject.name);
}

std::string KindText(const Value& value) {
  switch (value.kind) {
    case Kind::kMap: return "an object";
    case Kind::kList: return "a list";
    case Kind::kNull: return "null";
    case Kind::kBool: return "a boolean";
    case Kind::kString: return "a string";
    default: return "a number";
  }
}

// Reads one file after another into subjects.
class SubjectReader {
 public:
  explicit SubjectReader(const Console& console) : console_(console) {}

  void AddPath(const std::string& path) {
    if (path == "-") return AddFile(path);
    const Result<DocumentFiles> found = FindDocumentFiles(path);
    if (!found) return AddUnread(path, found.error().message);
    for (const std::string& file : found->files) AddFile(file);
    for (const auto& [file, reason] : found->skipped) {
      AddUnread(file, reason);
      subjects_.back().state = Subject::State::kSkipped;
    }
  }
  std::vector<Subject> Take() { return std::move(subjects_); }

 private:
  void AddUnread(const std::string& file, std::string reason) {
    Subject subject;
    subject.state = Subject::State::kUnread;
    subject.file = file;
    subject.reason = std::move(reason);
    subjects_.push_back(std::move(subject));
  }

  void AddFile(const std::string& path) {
    Result<Input> input = ReadInput(path, console_);
    if (!input) return AddUnread(path, input.error().message);
    const Result<std::string> text = DecodeText(input->name, std::move(input->text));
    if (!text) return AddUnread(input->name, text.error().message);
    const Result<std::vector<Document>> documents = ParseDocuments(input->name, *text);
    if (!documents) return AddUnread(input->name, documents.error().message);
    for (const Document& document : *documents) AddDocument(document, *text);
  }

  void AddDocument(const Document& document, std::string_view file_text) {
    arena_.Reset();
    Subject subject;
    subject.file = document.file;
    subject.line = document.line;
    subject.is_json = document.is_json;
    subject.byte_offset = document.byte_offset;
    const Result<Value> value = reader_.Read(document.json, arena_);
    if (!value) {
      subject.state = Subject::State::kUnread;
      subject.reason = WithPlace(document, file_text, value.error().message);
    } else if (!value->is(Kind::kMap)) {
      subject.state = Subject::State::kUnread;
      subject.reason = PlaceOfDocument(document) + ": found " + KindText(*value) + ", expected a request or a Kubernetes object";
    } else if (const std::string_view fault = FaultOfObject(*value); !fault.empty()) {
      subject.state = Subject::State::kUnread;
      subject.reason = PlaceOfDocument(document) + ": " + std::string(fault);
    } else if (IsObject(*value) && !IsReview(*value) && Has(*value, "items")) {
      return AddItems(document, *value);
    } else {
      Classify(*value, subject);
      subject.json = document.json;
      if (subject.state == Subject::State::kRequest && !document.surprise.empty()) {
        subject.state = Subject::State::kUnread;
        subject.reason = document.surprise;
      }
    }
    subjects_.push_back(std::move(subject));
  }

  // What keeps a document that is meant as a Kubernetes object from being one, or "". A misspelt `kind` must not pass as a document
  // about something else.
  static std::string_view FaultOfObject(const Value& value) {
    if (IsObject(value)) return IsBareList(value) ? "a `List` without `items`" : "";
    if (Has(value, "target") || LooksLikeRequest(value)) return {};
    const bool has_version = Has(value, "apiVersion"), has_kind = Has(value, "kind");
    if (has_version && has_kind) return "`apiVersion` and `kind` must be strings that are not empty";
    if (has_version) return "not a Kubernetes object: it has no `kind`";
    if (has_kind) return "not a Kubernetes object: it has no `apiVersion`";
    if (Has(value, "metadata") && Has(value, "spec")) return "not a Kubernetes object: it has neither `apiVersion` nor `kind`";
    return {};
  }
  static bool IsBareList(const Value& value) {
    return TextOf(value, "apiVersion", {}) == "v1" && TextOf(value, "kind", {}) == "List" && !Has(value, "items");
  }
  static bool IsReview(const Value& value) { return TextOf(value, "kind", {}) == "AdmissionReview"; }

  static std::string PlaceOfDocument(const Document& document) { return document.file + ":" + std::to_string(document.line) + ":1"; }

  // The reader says "byte 17: …" of the document; people want the line of the file.
  static std::string WithPlace(const Document& document, std::string_view file_text, std::string_view message) {
    constexpr std::string_view kByte = "byte ";
    std::size_t byte = 0;
    if (document.is_json && message.starts_with(kByte)) {
      const auto [end, error] = std::from_chars(message.data() + kByte.size(), message.data() + message.size(), byte);
      const std::string_view rest(end, static_cast<std::size_t>(message.data() + message.size() - end));
      if (error == std::errc() && rest.starts_with(": "))
        return PlaceOf(document.file, file_text, document.byte_offset + byte) + rest.data();
    }
    return PlaceOfDocument(document) + ": " + std::string(message);
  }

  // kubectl takes every object with `items` for a list: it sends the items and drops the rest. A list in a list stops it.
  void AddItems(const Document& document, const Value& list) {
    const Value& items = *Member(list, "items");
    if (items.is(Kind::kNull)) return;
    if (!items.is(Kind::kList)) return AddFaultyItem(document, "items: found " + KindText(items) + ", expected a list");
    for (std::uint32_t i = 0; i < items.size; ++i) AddItem(document, list, items.items[i], "items[" + std::to_string(i) + "]");
  }

  // Adds one item of `list`. The API server's own lists leave out what their items are: a `PodList` holds Pods.
  void AddItem(const Document& document, const Value& list, const Value& item, const std::string& path) {
    if (!item.is(Kind::kMap)) return AddFaultyItem(document, path + ": found " + KindText(item) + ", expected an object");
    const Value* inner = Member(item, "items");
    if (inner != nullptr && inner->is(Kind::kList))
      return AddFaultyItem(document, path + ": a list inside a list, which kubectl does not read");
    Subject subject;
    subject.file = document.file;
    subject.line = document.line;
    AppendJson(item, subject.json);
    if (IsObject(item)) {
      Classify(item, subject);
      subjects_.push_back(std::move(subject));
      return;
    }
    std::string kind = !Has(item, "apiVersion") && !Has(item, "kind") ? TextOf(list, "kind", {}) : "";
    if (kind.ends_with("List")) kind.resize(kind.size() - 4);
    if (kind.empty()) return AddFaultyItem(document, path + ": not a Kubernetes object: it needs `apiVersion` and `kind`");
    subject.json = CompleteItem(subject.json, TextOf(list, "apiVersion", {}), kind);
    DescribeObject(item, subject);
    subject.api_version = TextOf(list, "apiVersion", {});
    subject.kind = kind;
    subject.label = kind + subject.label;
    subjects_.push_back(std::move(subject));
  }

  void AddFaultyItem(const Document& document, const std::string& message) {
    AddUnread(document.file, PlaceOfDocument(document) + ": " + message);
    subjects_.back().line = document.line;
  }

  static std::string CompleteItem(const std::string& item, std::string_view version, std::string_view kind) {
    std::string json = "{\"apiVersion\":";
    AppendJsonString(version, json);
    json += ",\"kind\":";
    AppendJsonString(kind, json);
    if (item != "{}") json += ',';
    json += item.substr(1);
    return json;
  }

  // In files `apiVersion` and `kind` always make a Kubernetes object, whatever stands beside them.
  static void Classify(const Value& value, Subject& subject) {
    if (IsReview(value) && IsObject(value)) {
      DescribeReview(value, subject);
    } else if (IsObject(value)) {
      DescribeObject(value, subject);
    } else if (Has(value, "target") || subject.file == kStdinName ||
               (subject.is_json ? HasRequestMember(value) || value.map->size == 0 : LooksLikeRequest(value))) {
      subject.label = RequestLabel(value);
    } else {
      subject.state = Subject::State::kSkipped;
      subject.reason = Has(value, "jsonrpc") ? "a JSON-RPC message: what is decided is the request that a gateway makes of it"
                                             : "neither a Kubernetes object nor a request";
    }
  }

  const Console& console_;
  JsonReader reader_;
  Arena arena_;
  std::vector<Subject> subjects_;
};

}  // namespace

std::vector<Subject> ReadSubjects(const std::vector<std::string>& paths, const Console& console) {
  SubjectReader reader(console);
  if (paths.empty()) reader.AddPath("-");
  for (const std::string& path : paths) reader.AddPath(path);
  return reader.Take();
}

}  // namespace writ::cli
