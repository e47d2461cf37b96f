// `facts` and `unknown`: what the host found out, and what nobody knows yet.
#include <algorithm>

#include "engine/json/json_document.h"
#include "engine/request/request_reader.h"
#include "engine/request/suggest.h"
#include "rules/base/utf8.h"

namespace writ {
namespace {

// Is `path` equal to `above`, or a member somewhere below it?
bool IsAtOrBelow(std::string_view path, std::string_view above) {
  return path.starts_with(above) && (path.size() == above.size() || path[above.size()] == '.');
}

}  // namespace

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
  return true;
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
  for (const ImageFact& other : request_.images) {
    if (other.image == image.image) return FailType(path, "is about an image that stands there already");
  }
  for (const std::string_view signer : image.signed_by) {
    const auto is_in = [&](const std::vector<std::string_view>& list) { return std::find(list.begin(), list.end(), signer) != list.end(); };
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
  for (const std::string_view path : paths) {
    if (!ReadUnknown(path)) return false;
  }
  return true;
}

bool RequestReader::ReadUnknown(std::string_view path) {
  std::string_view rest;
  const ShapeNodeId id = FindPath(*shape_, path, rest);
  const auto is_closed = [&](const ShapeNode& node) {
    const bool has_members =
        node.type == MemberType::kDyn || node.type == MemberType::kDynMap || (node.type == MemberType::kRecord && node.open);
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
    if (selector.valid() && IsAtOrBelow((*shape_)[selector].path, path)) {
      return FailType(Shorten(path, kMaxShownNameBytes), "selects the rules and cannot be unknown");
    }
  }
  MarkUnknown(path);
  return true;
}

void RequestReader::MarkUnknown(std::string_view path) {
  unknown_paths_.push_back(path);
  request_.has_unknowns = true;
  MarkUnknownSlots(*shapes_.program, *shape_, path, slots_);
  // The principal of an admission is filled from there.
  if (shape_->target == Target::kAdmission && (IsAtOrBelow("request.userInfo", path) || IsAtOrBelow(path, "request.userInfo"))) {
    MarkUnknownSlots(*shapes_.program, *shape_, "principal", slots_);
  }
  if (shape_->scopes_node.valid() && IsAtOrBelow((*shape_)[shape_->scopes_node].path, path)) request_.scopes = Value::Unknown();
  const bool actors = shape_->actors_node.valid() && IsAtOrBelow((*shape_)[shape_->actors_node].path, path);
  if (actors && !depth_given_) MarkUnknownSlots(*shapes_.program, *shape_, "context.chain.depth", slots_);
}

void MarkUnknownSlots(const Program& program, const Shape& shape, std::string_view path, std::span<Value> slots) {
  for (std::size_t i = 0; i < program.slots.size(); ++i) {
    const ShapeNodeId id = shape.node_of_slot[i];
    if (!id.valid()) continue;
    const ShapeNode& node = shape[id];
    if (IsAtOrBelow(node.path, path) || (node.whole && IsAtOrBelow(path, node.path))) {
      slots[i] = Value::Unknown();
    } else if (IsAtOrBelow(path, node.path) && !slots[i].is(Kind::kMap) && !slots[i].is(Kind::kUnknown)) {
      slots[i] = Value::Map(nullptr);  // it must be there to have a member that is unknown
    }
  }
}

}  // namespace writ
