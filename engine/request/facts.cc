#include "engine/request/facts.h"

#include <algorithm>

#include "engine/json/json_document.h"
#include "engine/request/convert.h"
#include "engine/request/refusal.h"
#include "rules/base/utf8.h"

namespace writ {
namespace {

constexpr std::string_view kFactMembers[] = {"images"};
constexpr std::string_view kImageMembers[] = {"image", "signedBy", "refuted", "unknown", "attestations"};
constexpr std::string_view kAttestationMembers[] = {"type", "signedBy", "predicate", "about"};

bool ReadNames(JsonNode list, const std::string& path, RequestState& state, std::vector<std::string_view>& names) {
  return AppendStrings(list, names) || RefuseAt(path, "must be a list of strings", state);
}

void SortNames(ImageFact& fact) {
  for (std::vector<std::string_view>* names : {&fact.signed_by, &fact.refuted, &fact.unknown}) std::sort(names->begin(), names->end());
  if (!fact.attestations) return;
  for (AttestationFact& attestation : *fact.attestations) std::sort(attestation.signed_by.begin(), attestation.signed_by.end());
}

bool ReadString(JsonNode node, const std::string& path, RequestState& state, std::string_view& text) {
  if (!node.is(JsonKind::kString)) return RefuseAt(path, "must be a string", state);
  text = node.string();
  return true;
}

bool ReadAttestation(JsonNode item, const std::string& path, RequestState& state, AttestationFact& attestation) {
  if (!item.is(JsonKind::kObject)) return RefuseAt(path, "must be an object", state);
  for (const JsonMember& member : item.members()) {
    bool read = true;
    if (member.key == "type") {
      read = ReadString(member.value, path + ".type", state, attestation.predicate_type);
    } else if (member.key == "about") {
      read = ReadString(member.value, path + ".about", state, attestation.about);
    } else if (member.key == "signedBy") {
      read = ReadNames(member.value, path + ".signedBy", state, attestation.signed_by);
    } else if (member.key == "predicate") {
      attestation.predicate = MaterializeJson(member.value, state.arena);
      if (attestation.predicate.is(Kind::kAbsent))
        return RefuseTooLarge("`" + path + ".predicate` does not fit in the memory of a decision", state);
    } else {
      return RefuseMember(member.key, "\"" + path + "\"", kAttestationMembers, state);
    }
    if (!read) return false;
  }
  if (attestation.predicate_type.empty()) return Refuse("`" + path + "` needs \"type\"", state);
  if (attestation.predicate.is(Kind::kAbsent)) attestation.predicate = Value::Null();
  return true;
}

bool ReadAttestations(JsonNode list, const std::string& path, RequestState& state, std::vector<AttestationFact>& attestations) {
  if (!list.is(JsonKind::kArray)) return RefuseAt(path, "must be a list", state);
  for (const JsonNode& item : list.items()) {
    const std::string item_path = path + "[" + std::to_string(attestations.size()) + "]";
    if (!ReadAttestation(item, item_path, state, attestations.emplace_back())) return false;
  }
  return true;
}

bool ReadImageFact(JsonNode fact, std::size_t position, RequestState& state) {
  const std::string path = "facts.images[" + std::to_string(position) + "]";
  if (!fact.is(JsonKind::kObject)) return RefuseAt(path, "must be an object", state);
  ImageFact image;
  for (const JsonMember& member : fact.members()) {
    const std::string member_path = path + "." + Shorten(member.key, kMaxShownNameBytes);
    bool read = true;
    if (member.key == "image") {
      if (!member.value.is(JsonKind::kString)) return RefuseAt(member_path, "must be a string", state);
      image.image = member.value.string();
    } else if (member.key == "signedBy") {
      read = ReadNames(member.value, member_path, state, image.signed_by);
    } else if (member.key == "refuted") {
      read = ReadNames(member.value, member_path, state, image.refuted);
    } else if (member.key == "unknown") {
      read = ReadNames(member.value, member_path, state, image.unknown);
    } else if (member.key == "attestations") {
      read = ReadAttestations(member.value, member_path, state, image.attestations.emplace());
    } else {
      return RefuseMember(member.key, "\"" + path + "\"", kImageMembers, state);
    }
    if (!read) return false;
  }
  if (image.image.empty()) return Refuse("`" + path + "` needs \"image\"", state);
  SortNames(image);
  for (const std::string_view signer : image.signed_by) {
    const auto is_in = [&](const std::vector<std::string_view>& list) { return std::binary_search(list.begin(), list.end(), signer); };
    if (is_in(image.refuted) || is_in(image.unknown))
      return RefuseAt(path, "says two things about signer \"" + Shorten(signer, kMaxShownNameBytes) + "\"", state);
  }
  state.request.images.push_back(std::move(image));
  return true;
}

// Sorted, not compared pair by pair: requests bring any number of facts.
bool CheckFactsDiffer(RequestState& state) {
  std::vector<std::pair<std::string_view, std::size_t>> order;  // image and position
  for (const ImageFact& fact : state.request.images) order.emplace_back(fact.image, order.size());
  std::sort(order.begin(), order.end());
  std::size_t first_again = order.size();
  for (std::size_t i = 1; i < order.size(); ++i) {
    if (order[i].first == order[i - 1].first) first_again = std::min(first_again, order[i].second);
  }
  if (first_again == order.size()) return true;
  return RefuseAt("facts.images[" + std::to_string(first_again) + "]", "is about an image that stands there already", state);
}

}  // namespace

void SortFacts(std::vector<ImageFact>& facts) {
  for (ImageFact& fact : facts) SortNames(fact);
  std::sort(facts.begin(), facts.end(), [](const ImageFact& a, const ImageFact& b) { return a.image < b.image; });
}

bool ReadFacts(JsonNode facts, RequestState& state) {
  if (!facts.is(JsonKind::kObject)) return RefuseAt("facts", "must be an object", state);
  for (const JsonMember& member : facts.members()) {
    if (member.key != "images") return RefuseMember(member.key, "\"facts\"", kFactMembers, state);
    if (!member.value.is(JsonKind::kArray)) return RefuseAt("facts.images", "must be a list", state);
    std::size_t position = 0;
    for (const JsonNode& fact : member.value.items()) {
      if (!ReadImageFact(fact, position++, state)) return false;
    }
  }
  if (!CheckFactsDiffer(state)) return false;
  SortFacts(state.request.images);
  return true;
}

}  // namespace writ
