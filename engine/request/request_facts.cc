// `facts` and `unknown`: what the host found out, and what nobody knows yet.
#include <algorithm>

#include "engine/json/json_document.h"
#include "engine/request/request_reader.h"
#include "engine/request/suggest.h"
#include "rules/base/utf8.h"

namespace writ {

bool IsPathAtOrBelow(std::string_view path, std::string_view above) {
  return path.starts_with(above) && (path.size() == above.size() || path[above.size()] == '.');
}

namespace {

// Is one of `paths` (sorted) equal to `path`, or above it?
bool HasAtOrAbove(std::span<const std::string_view> paths, std::string_view path) {
  for (std::size_t end = path.size(); end != std::string_view::npos; end = end == 0 ? std::string_view::npos : path.rfind('.', end - 1)) {
    if (std::binary_search(paths.begin(), paths.end(), path.substr(0, end))) return true;
  }
  return false;
}

// Is one of `paths` (sorted) a member somewhere below `path`?
bool HasBelow(std::span<const std::string_view> paths, const std::string& path) {
  const std::string prefix = path + ".";
  const auto found = std::lower_bound(paths.begin(), paths.end(), prefix);
  return found != paths.end() && found->starts_with(prefix);
}

void SortNames(ImageFact& fact) {
  for (std::vector<std::string_view>* names : {&fact.signed_by, &fact.refuted, &fact.unknown}) std::sort(names->begin(), names->end());
  if (!fact.attestations) return;
  for (AttestationFact& attestation : *fact.attestations) std::sort(attestation.signed_by.begin(), attestation.signed_by.end());
}

}  // namespace

void SortFacts(std::vector<ImageFact>& facts) {
  for (ImageFact& fact : facts) SortNames(fact);
  std::sort(facts.begin(), facts.end(), [](const ImageFact& a, const ImageFact& b) { return a.image < b.image; });
}

bool RequestReader::ReadNames(JsonNode list, const std::string& path, std::vector<std::string_view>& names) {
  if (list.is(JsonKind::kNull)) return true;
  if (!list.is(JsonKind::kArray)) return FailType(path, "must be a list of strings");
  for (const JsonNode& item : list.items()) {
    if (!item.is(JsonKind::kString)) return FailType(path, "must be a list of strings");
    names.push_back(item.string());
  }
  return true;
}

bool RequestReader::ReadFacts(JsonNode facts) {
  if (!facts.is(JsonKind::kObject)) return FailType("facts", "must be an object");
  for (const JsonMember& member : facts.members()) {
    if (member.key != "images") return FailUnknownMember(member.key, "\"facts\"", {"images"});
    if (!member.value.is(JsonKind::kArray)) return FailType("facts.images", "must be a list");
    std::size_t position = 0;
    for (const JsonNode& fact : member.value.items()) {
      if (!ReadImageFact(fact, position++)) return false;
    }
  }
  if (!CheckFactsDiffer()) return false;
  SortFacts(request_.images);
  return true;
}

// Sorted, not compared pair by pair: requests bring any number of facts.
bool RequestReader::CheckFactsDiffer() {
  std::vector<std::pair<std::string_view, std::size_t>> order;  // image and position
  for (const ImageFact& fact : request_.images) order.emplace_back(fact.image, order.size());
  std::sort(order.begin(), order.end());
  std::size_t first_again = order.size();
  for (std::size_t i = 1; i < order.size(); ++i) {
    if (order[i].first == order[i - 1].first) first_again = std::min(first_again, order[i].second);
  }
  if (first_again == order.size()) return true;
  return FailType("facts.images[" + std::to_string(first_again) + "]", "is about an image that stands there already");
}

bool RequestReader::ReadImageFact(JsonNode fact, std::size_t position) {
  const std::string path = "facts.images[" + std::to_string(position) + "]";
  if (!fact.is(JsonKind::kObject)) return FailType(path, "must be an object");
  ImageFact image;
  for (const JsonMember& member : fact.members()) {
    const std::string member_path = path + "." + Shorten(member.key, kMaxShownNameBytes);
    bool read = true;
    if (member.key == "image") {
      if (!member.value.is(JsonKind::kString)) return FailType(member_path, "must be a string");
      image.image = member.value.string();
    } else if (member.key == "signedBy") {
      read = ReadNames(member.value, member_path, image.signed_by);
    } else if (member.key == "refuted") {
      read = ReadNames(member.value, member_path, image.refuted);
    } else if (member.key == "unknown") {
      read = ReadNames(member.value, member_path, image.unknown);
    } else if (member.key == "attestations") {
      read = ReadAttestations(member.value, member_path, image.attestations.emplace());
    } else {
      return FailUnknownMember(member.key, "\"" + path + "\"", {"image", "signedBy", "refuted", "unknown", "attestations"});
    }
    if (!read) return false;
  }
  if (image.image.empty()) return Fail("`" + path + "` needs \"image\"");
  SortNames(image);
  for (const std::string_view signer : image.signed_by) {
    const auto is_in = [&](const std::vector<std::string_view>& list) { return std::binary_search(list.begin(), list.end(), signer); };
    if (is_in(image.refuted) || is_in(image.unknown))
      return FailType(path, "says two things about signer \"" + Shorten(signer, kMaxShownNameBytes) + "\"");
  }
  request_.images.push_back(std::move(image));
  return true;
}

bool RequestReader::ReadAttestations(JsonNode list, const std::string& path, std::vector<AttestationFact>& attestations) {
  if (!list.is(JsonKind::kArray)) return FailType(path, "must be a list");
  for (const JsonNode& item : list.items()) {
    const std::string item_path = path + "[" + std::to_string(attestations.size()) + "]";
    if (!ReadAttestation(item, item_path, attestations.emplace_back())) return false;
  }
  return true;
}

bool RequestReader::ReadAttestation(JsonNode item, const std::string& path, AttestationFact& attestation) {
  if (!item.is(JsonKind::kObject)) return FailType(path, "must be an object");
  for (const JsonMember& member : item.members()) {
    bool read = true;
    if (member.key == "type") {
      read = ReadString(member.value, path + ".type", attestation.predicate_type);
    } else if (member.key == "about") {
      read = ReadString(member.value, path + ".about", attestation.about);
    } else if (member.key == "signedBy") {
      read = ReadNames(member.value, path + ".signedBy", attestation.signed_by);
    } else if (member.key == "predicate") {
      attestation.predicate = MaterializeJson(member.value, arena_);
      if (attestation.predicate.is(Kind::kAbsent)) return FailTooLarge("`" + path + ".predicate` does not fit in the memory of a decision");
    } else {
      return FailUnknownMember(member.key, "\"" + path + "\"", {"type", "signedBy", "predicate", "about"});
    }
    if (!read) return false;
  }
  if (attestation.predicate_type.empty()) return Fail("`" + path + "` needs \"type\"");
  if (attestation.predicate.is(Kind::kAbsent)) attestation.predicate = Value::Null();
  return true;
}

bool RequestReader::ReadString(JsonNode node, const std::string& path, std::string_view& text) {
  if (!node.is(JsonKind::kString)) return FailType(path, "must be a string");
  text = node.string();
  return true;
}

bool RequestReader::ReadUnknowns(JsonNode list) {
  std::vector<std::string_view> paths;
  if (!ReadNames(list, "unknown", paths)) return false;
  std::sort(paths.begin(), paths.end());
  paths.erase(std::unique(paths.begin(), paths.end()), paths.end());
  for (const std::string_view path : paths) {
    if (!ReadUnknown(path)) return false;
  }
  return true;
}

bool RequestReader::ReadUnknown(std::string_view path) {
  std::string_view rest;
  const ShapeNodeId id = FindPath(*shape_, path, rest);
  const auto is_closed = [&](const ShapeNode& node) {
    const bool has_members = node.kind == TypeKind::kDyn || node.kind == TypeKind::kMap || (node.kind == TypeKind::kRecord && node.open);
    return node.declared && !has_members;
  };
  if (!id.valid() || (!rest.empty() && is_closed((*shape_)[id]))) {
    std::vector<std::string_view> known;
    for (const ShapeNode& node : shape_->nodes) {
      if (node.declared) known.push_back(node.path);
    }
    return Fail("unknown path \"" + Shorten(path, kMaxShownNameBytes) + "\" in `unknown`" + DidYouMean(path, known));
  }
  for (const ShapeNodeId selector : {shape_->scope_node, shape_->name_node}) {
    if (selector.valid() && IsPathAtOrBelow((*shape_)[selector].path, path)) {
      return FailType(Shorten(path, kMaxShownNameBytes), "selects the rules and cannot be unknown");
    }
  }
  NoteUnknown(path);
  return true;
}

void RequestReader::NoteUnknown(std::string_view path) {
  unknown_paths_.push_back(path);
  request_.has_unknowns = true;
  // The principal of an admission is filled from there.
  if (shape_->target == Target::kAdmission && (IsPathAtOrBelow("request.userInfo", path) || IsPathAtOrBelow(path, "request.userInfo"))) {
    unknown_paths_.emplace_back("principal");
  }
  if (shape_->scopes_node.valid() && IsPathAtOrBelow((*shape_)[shape_->scopes_node].path, path)) request_.scopes = Value::Unknown();
  NoteUnknownChain(path);
}

void RequestReader::ApplyUnknowns() {
  if (unknown_paths_.empty()) return;
  std::sort(unknown_paths_.begin(), unknown_paths_.end());
  unknown_paths_.erase(std::unique(unknown_paths_.begin(), unknown_paths_.end()), unknown_paths_.end());
  MarkUnknownSlots(*shape_, unknown_paths_, slots_);
  for (const SlotId slot : shape_->tool_slots) {
    const ShapeNodeId id = shape_->node_of_slot[slot.index];
    const UnknownMark mark = id.valid() ? MarkOf((*shape_)[id], unknown_paths_) : UnknownMark::kNone;
    if (mark != UnknownMark::kNone) unknown_tool_slots_.emplace_back(slot, mark);
  }
}

void RequestReader::MarkUnknown(std::string_view path) {
  const std::size_t before = unknown_paths_.size();
  NoteUnknown(path);
  std::vector<std::string_view> added(unknown_paths_.begin() + static_cast<std::ptrdiff_t>(before), unknown_paths_.end());
  std::sort(added.begin(), added.end());
  MarkUnknownSlots(*shape_, added, slots_);
}

UnknownMark MarkOf(const ShapeNode& node, std::span<const std::string_view> paths) {
  if (HasAtOrAbove(paths, node.path)) return UnknownMark::kUnknown;
  if (!HasBelow(paths, node.path)) return UnknownMark::kNone;
  return node.whole ? UnknownMark::kPartly : UnknownMark::kHolds;
}

void ApplyMark(UnknownMark mark, SlotId slot, SlotWriter& slots) {
  if (mark == UnknownMark::kUnknown) {
    slots.Set(slot, Value::Unknown());
  } else if (mark == UnknownMark::kPartly) {
    slots.Set(slot, Value::PartlyUnknown());
  } else if (mark == UnknownMark::kHolds && !slots[slot].is(Kind::kMap) && !slots[slot].is(Kind::kUnknown)) {
    slots.Set(slot, Value::Map(nullptr));  // it must be there to have a member that is unknown
  }
}

// Slots that have a value, and those on the way to the paths. All others are absent: below an
// unknown one they are unknown, too.
void MarkUnknownSlots(const Shape& shape, std::span<const std::string_view> paths, SlotWriter& slots) {
  const auto mark = [&](SlotId slot) {
    const ShapeNodeId id = shape.node_of_slot[slot.index];
    if (id.valid()) ApplyMark(MarkOf(shape[id], paths), slot, slots);
  };
  const std::vector<SlotId> written(slots.written().begin(), slots.written().end());
  for (const SlotId slot : written) mark(slot);
  for (const SlotId slot : shape.default_slots) mark(slot);
  for (const std::string_view path : paths) {
    for (std::size_t end = path.find('.');; end = path.find('.', end + 1)) {
      std::string_view rest;
      const ShapeNodeId id = FindPath(shape, path.substr(0, end), rest);
      if (id.valid() && rest.empty() && shape[id].slot.valid()) mark(shape[id].slot);
      if (end == std::string_view::npos) break;
    }
  }
}

}  // namespace writ
