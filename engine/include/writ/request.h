// Requests: what can be read, what has to be found out before they can be decided (needs and
// facts), and requests that are given field by field.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "rules/base/result.h"
#include "rules/ir/program.h"
#include "rules/model/value.h"
#include "writ/context.h"

namespace writ {

class JsonNode;

// Needs are asked for until there are none, at most so often: a fact can reveal another need.
inline constexpr std::size_t kMaxNeedRounds = 4;

// The kind of facts about the signatures of images. Its keys are references as the policy's
// expression gives them; its asks name a signer, and the predicate type of an attestation ("" = a
// signature). The fact is an object as in `facts.images` (docs/requests_and_decisions.md), without
// `image`.
inline constexpr std::string_view kImageFacts = "images";

// What has to be found out before a request can be decided.
struct Need {
  // What is wanted of it, where that is not simply its value.
  struct Ask {
    std::string subject, detail;
    friend bool operator==(const Ask&, const Ask&) = default;
  };
  std::string kind;  // kImageFacts, or what a policy names
  std::string key;   // which one
  std::vector<Ask> asks;
};

// What the host found out. Views are borrowed while it is provided.
struct Fact {
  std::string_view kind, key;
  std::string_view json;  // any value
};

// Whether `facts` of a request are believed.
enum class CallerFacts : std::uint8_t {
  kRefused,  // a request that brings some is none
  kTaken,    // the caller is trusted as the host is: tests, `writ eval`, gateways that gather facts themselves
};

struct ReadOptions {
  CallerFacts facts = CallerFacts::kRefused;
};

// A request that was read, in its context: valid until the context reads another one or is cleared.
// What was asked stays readable after it was decided. Not thread-safe.
class ReadRequest {
 public:
  explicit ReadRequest(Context::Impl& state) : state_(state) {}
  ReadRequest(const ReadRequest&) = delete;
  ReadRequest& operator=(const ReadRequest&) = delete;

  // False: it is no request, and the decision says why. What was asked is then empty as far as it
  // was not read.
  bool is_read() const;
  Target target() const;
  std::string_view scope() const;  // server, resource type, table, Kind.group
  std::string_view name() const;   // tool, uri, prompt, action, OPERATION; "" for a listing
  bool is_listing() const;

  // The request's JSON; invalid when it was none, or was given as fields.
  JsonNode document() const;

  // Takes a fact for the decision; one that the request brought itself stays. A later one of the
  // same kind and key replaces the earlier. Errors: kInvalidArgument for what is no JSON, or not
  // what the kind wants; kTooLarge. The request is then denied. O(size).
  Status Provide(const Fact& fact);

  Context::Impl& state() { return state_; }
  const Context::Impl& state() const { return state_; }

 private:
  Context::Impl& state_;
};

// A path that requests given as fields may set, such as `principal.tenant`, `args.filter.state` or
// `args["a.b"]`. Engine::FindField finds it once; it is then used for any number of requests, with
// every engine whose policies are the same, whatever their data.
struct FieldId {
  static constexpr std::uint32_t kNone = SlotId::kNone;
  std::uint32_t index = kNone;  // of the program's slot, or behind those a path that has none
  std::uint32_t set = 0;        // the policies that it was found in; a request to others is refused. 0 = not told

  constexpr FieldId() = default;
  // NOLINTNEXTLINE(google-explicit-constructor): a slot is a field
  constexpr FieldId(SlotId slot) : index(slot.index) {}
  // For hosts that keep slots: the number remains, the policies are not told any more.
  // NOLINTNEXTLINE(google-explicit-constructor): as above
  constexpr operator SlotId() const { return SlotId(index); }

  // False when no rule and no check of the target can read what is set there: setting it is a
  // no-op. Engine::FieldFault says whether that is because no request has such a member.
  constexpr bool valid() const { return index != kNone; }
};

// Fields that many requests share, such as the principal: Engine::PrepareFields checks, copies and
// writes them once, and requests that name them say only the rest. Valid in the context that they
// were prepared in, with the same policies and data, until others are prepared there; decisions of
// any kind in between do no harm. A request that names others is refused.
struct PreparedFields {
  std::uint64_t serial = 0;  // 0 = none
};

// A request given field by field, without JSON.
//
//   const FieldId tenant = engine.FindField("principal.tenant");
//   const FieldRequest::Field fields[] = {{tenant, Value::String("acme")}};
//   engine.DecideFields({Target::kTools, "github", "list_issues", fields}, context);
//
// It means what the JSON request with these members means (docs/requests_and_decisions.md,
// "Fields"), what is refused and why included. A field may be a leaf or everything below a member;
// of two that speak of one place the later one counts.
struct FieldRequest {
  Target target = Target::kTools;
  std::string_view scope = {};  // server, resource type, table, Kind.group; "" = told by fields or by the objects of an admission
  std::string_view name = {};   // tool, uri, prompt, action, OPERATION; likewise
  struct Field {
    FieldId slot;
    Value value;  // borrowed during the call. Value::Unknown() declares the path unknown; an absent one is not given
  };
  std::span<const Field> fields = {};
  // kTools: a listing of these, each a name or a map as in JSON; then there is no `name`. Absent:
  // no listing.
  Value list = {};
  PreparedFields prepared = {};  // stand before `fields`, and before `scope` and `name` where those are empty
};

}  // namespace writ
