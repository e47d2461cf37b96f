// From a parsed document to a Request: one walk over document and shape that fills the slots. Strict: a member that the target
// does not have, or one of the wrong type, is an error, so that a typo cannot widen access.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/json/json_document.h"
#include "engine/request/request.h"
#include "engine/request/slot_writer.h"
#include "rules/base/arena.h"
#include "rules/base/clock.h"
#include "rules/base/limits.h"
#include "rules/base/result.h"
#include "writ/engine.h"

namespace writ {

// What declaring paths unknown makes of a slot.
enum class UnknownMark : std::uint8_t {
  kNone,
  kUnknown,  // it is one of the paths, or below one
  kPartly,   // some member of it is unknown, so it is there; it is read as a whole
  kHolds,    // some member of it is unknown, so it is there
};

// `paths` must be sorted. O(depth of the path * log paths).
UnknownMark MarkOf(const ShapeNode& node, std::span<const std::string_view> paths);
void ApplyMark(UnknownMark mark, SlotId slot, SlotWriter& slots);
// Marks the slots that the paths make unknown. O((slots written + paths) * log paths).
void MarkUnknownSlots(const Shape& shape, std::span<const std::string_view> paths, SlotWriter& slots);

// Is `path` equal to `above`, or a member somewhere below it?
bool IsPathAtOrBelow(std::string_view path, std::string_view above);

// Reads one request. Made anew for each; borrows everything it is given. Not thread-safe.
class RequestReader {
 public:
  // `slots` is filled; values live in the document and in `arena`.
  RequestReader(const RequestShapes& shapes, const EvalLimits& limits, UnixNanos now, Arena& arena, SlotWriter& slots)
      : shapes_(shapes), limits_(limits), now_(now), arena_(arena), slots_(slots) {}

  // Errors: kInvalidArgument, naming the member ("`principal.groups` must be a list of strings,
  // found string") or saying which name or URI has another spelling (refusal() is then
  // kNotCanonical); kTooLarge. `wide`: of the document. Requests are strict about such integers;
  // objects under review are what the API server made of them.
  Result<Request> Read(JsonNode document, const WideIntegers& wide);

  // The same from fields (an invalid slot is skipped: no rule reads it). Allocates nothing once `slots` and `arena` are warm, unless it
  // fails or a rule reads a record as a whole. Errors: kInvalidArgument for a value of another type than declared, or a field that the
  // target does not have.
  Result<Request> ReadFields(const FieldRequest& request);

  // For listings: puts the slots of `tool` to the next item of `request.list` and sets `request.name`. A refusal() of kNotCanonical is
  // about this item alone. Requires: Read succeeded.
  Status ReadListedTool(JsonNode tool, Request& request);

  // Why the last Read failed: kBadRequest or kNotCanonical.
  Reason refusal() const { return refusal_; }

  // The target that Read found out before it failed, as far as it got.
  Target target() const { return shape_ == nullptr ? Target::kTools : shape_->target; }

 private:
  // A member that the reader itself works out, such as request.kind of a bare manifest.
  struct Derived {
    std::string_view key;
    Value value;
  };
  struct RecordOptions {
    bool build = false;           // the record's value is wanted, not only its slots
    bool ignore_unknown = false;  // AdmissionReviews: written by the API server, whose next version may add members
    std::span<const Derived> derived = {};
  };
  // Whether the value of a node is wanted even when no rule reads it as a whole.
  enum class Build : bool { kNo, kYes };

  bool Fail(std::string_view message);
  bool FailTooLarge(std::string message);
  bool FailNotCanonical(std::string_view path, std::string_view what);
  bool CheckSpelling(const ShapeNode& node, std::string_view text);
  bool FoldResource(std::string_view uri);
  bool FailType(const std::string& path, const std::string& what) { return Fail("`" + path + "` " + what); }
  bool FailUnknownMember(std::string_view key, std::string_view where, const std::vector<std::string_view>& known);

  // What a document's members say it is.
  struct Claims {
    JsonNode kind, api_version, target;  // invalid when they are not there
    std::optional<Target> telling;       // of the first member that tells (kTelling)
  };
  static Claims ClaimsOf(JsonNode document);
  bool ReadDocument(JsonNode document);
  bool ReadOrdinary(JsonNode document, const Claims& claims);
  bool ReadReview(JsonNode review);
  bool ReadManifest(JsonNode manifest);

  bool ChooseTarget(JsonNode document, const Claims& claims, Target* target);
  bool ChooseShape(JsonNode document, Target target);
  [[gnu::cold]] bool FailUntold(JsonNode document);
  bool SortTopLevel(JsonNode document);
  bool IsAssociate(std::string_view key) const;
  void Begin(const Shape& shape);
  bool FillRoots();
  bool FillRoot(ShapeNodeId root, JsonNode json);
  bool FillResource(ShapeNodeId root, JsonNode json);
  bool Finish(JsonNode document);
  bool CheckRequired(JsonNode document);
  bool CheckScope(std::string_view scope);
  bool IsGiven(JsonNode document, std::string_view path) const;

  bool FillNode(ShapeNodeId id, JsonNode json, Build build, Value* out);
  bool FillRecord(ShapeNodeId id, JsonNode json, const RecordOptions& options, Value* out);
  bool MayIgnore(const ShapeNode& node, std::string_view key, std::uint32_t& ignored);
  bool FillMembers(const ShapeNode& node, JsonNode json, const RecordOptions& options, MapEntry*& next);
  bool FillMissing(const ShapeNode& node, JsonNode json, const RecordOptions& options, MapEntry*& next);
  bool FillOpenMember(JsonNode json, Build build, Value* out);
  bool FillDyn(ShapeNodeId id, JsonNode json, Build build, Value* out);
  void SetSlots(const ShapeNode& node, const Value& value);
  bool SetLeaf(ShapeNodeId id, Value value, Value* out);
  void TakeNamed(ShapeNodeId id, Value& value);
  Value DefaultNow(const ShapeNode& node) const;

  bool FillFields(const FieldRequest& request);
  bool CheckSelectors(const FieldRequest& request);
  bool FillSelectors(const FieldRequest& request);
  bool FillRootFromSelector(ShapeNodeId root, const FieldRequest& request);
  bool FillSelector(ShapeNodeId id, std::string_view text);
  bool FillField(SlotId slot, Value value);

  // Who wrote the members of an admission's `request`: the caller, or the API server (whose next version may add some).
  enum class AdmissionSource : std::uint8_t { kRequest, kReview };
  struct GroupKind {
    std::string_view group, version, kind;
  };
  JsonNode& Given(std::string_view root);
  bool FillAdmission(AdmissionSource source);
  bool FillAdmissionRequest(ShapeNodeId id, AdmissionSource source);
  bool FillObject(ShapeNodeId root, JsonNode json);
  bool CheckIsNoList(JsonNode object);
  bool ReadKind(JsonNode request, GroupKind* kind);
  bool CheckOperation(std::string_view operation);
  bool SetAdmissionScope(const GroupKind& kind, JsonNode request);
  bool FillPrincipalFrom(JsonNode user_info);

  // The call chain as it was given, in up to three places.
  struct ChainParts {
    Value principal_actors, chain_actors, act;
    std::int64_t depth = 0;
    bool is_told() const { return principal_actors.is(Kind::kList) || chain_actors.is(Kind::kList) || act.is(Kind::kMap); }
  };
  bool ReadChain();
  bool ReadFieldChain(const FieldRequest& request);
  bool MergeChain(const ChainParts& parts);
  bool ReadActors(const Value& list, std::string_view path, std::vector<Value>& actors);
  bool ActorOfClaim(const Value& act, Value* actor);
  void SetChainSlots();
  void NoteUnknownChain(std::string_view path);

  bool ReadFacts(JsonNode facts);
  bool CheckFactsDiffer();
  bool ReadImageFact(JsonNode fact, std::size_t position);
  bool ReadAttestations(JsonNode list, const std::string& path, std::vector<AttestationFact>& attestations);
  bool ReadAttestation(JsonNode item, const std::string& path, AttestationFact& attestation);
  bool ReadString(JsonNode node, const std::string& path, std::string_view& text);
  bool ReadNames(JsonNode list, const std::string& path, std::vector<std::string_view>& names);
  [[gnu::cold]] bool RefuseWideIntegers(JsonNode document);
  bool RefuseUints(JsonNode json, const std::string& path);
  bool ReadUnknowns(JsonNode list);
  bool ReadUnknown(std::string_view path);
  void NoteUnknown(std::string_view path);
  void ApplyUnknowns();
  void MarkUnknown(std::string_view path);

  const RequestShapes& shapes_;
  const EvalLimits& limits_;
  const UnixNanos now_;
  Arena& arena_;
  SlotWriter& slots_;

  Request request_;
  const Shape* shape_ = nullptr;
  Error error_;
  Reason refusal_ = Reason::kBadRequest;
  static constexpr std::size_t kMaxRoots = 16;
  JsonNode given_[kMaxRoots];           // by position in shape_->roots
  const WideIntegers* wide_ = nullptr;  // of the document
  JsonNode facts_, unknowns_;
  std::vector<std::string_view> unknown_paths_;                     // sorted once they are applied
  std::vector<std::pair<SlotId, UnknownMark>> unknown_tool_slots_;  // what each tool of a listing gets
  Value actors_ = Value::List(nullptr, 0);                          // the call chain, nearest first
  std::int64_t chain_depth_ = 0;
  bool has_principal_actors_ = false, has_chain_actors_ = false;
  bool time_given_ = false;
};

}  // namespace writ
