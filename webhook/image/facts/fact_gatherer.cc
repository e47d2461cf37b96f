// Needs to facts.
#include "webhook/image/facts/fact_gatherer.h"

#include <algorithm>
#include <chrono>
#include <exception>
#include <iterator>
#include <map>
#include <utility>

#include "webhook/image/gather/parallel.h"
#include "webhook/image/reference/text.h"

namespace writ::image {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

milliseconds TimeLeft(SteadyTime deadline) {
  return std::max(milliseconds(0), std::chrono::duration_cast<milliseconds>(deadline - steady_clock::now()));
}

// One thing that is wanted of an image: `signer` is nullptr when the set does not know it, which is our own fault and unknown.
struct Wish {
  std::string name;
  const LoadedSigner* signer = nullptr;
  std::string predicate_type;
};

// Signatures come first.
std::vector<Wish> WishesOf(const SignerSet& signers, const Need& need) {
  std::vector<Wish> wishes;
  for (const Need::Ask& ask : need.asks) wishes.push_back({ask.subject, signers.TryFind(ask.subject), ask.detail});
  std::stable_partition(wishes.begin(), wishes.end(), [](const Wish& wish) { return wish.predicate_type.empty(); });
  return wishes;
}

// Each question once, sorted, so that equal questions are equal texts.
std::vector<Inquiry> InquiriesOf(const std::vector<Wish>& wishes) {
  std::map<std::string, Inquiry> by_key;
  for (const Wish& wish : wishes) {
    if (wish.signer == nullptr) continue;
    Inquiry inquiry{wish.signer, wish.predicate_type};
    by_key.emplace(inquiry.Key(), inquiry);
  }
  std::vector<Inquiry> inquiries;
  inquiries.reserve(by_key.size());
  for (auto& [key, inquiry] : by_key) inquiries.push_back(std::move(inquiry));
  return inquiries;
}

void AddName(std::vector<std::string>& names, const std::string& name) {
  if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
}

void AddSignature(const std::string& signer, VerdictKind kind, ImageFacts& facts) {
  switch (kind) {
    case VerdictKind::kVerified: return AddName(facts.signed_by, signer);
    case VerdictKind::kRefuted: return AddName(facts.refuted, signer);
    case VerdictKind::kUnknown: return AddName(facts.unknown, signer);
  }
}

// `refuted` and `signed_by` are about signatures only; that there is no attestation is said by there being none.
void AddAttestations(const std::string& signer, const std::string& type, const Judgement& judgement, ImageFacts& facts) {
  if (!judgement.is_complete) AddName(facts.unknown, signer);
  if (judgement.kind != VerdictKind::kVerified) return;
  for (const AttestedStatement& statement : judgement.statements) {
    const auto known = std::find_if(facts.attestations.begin(), facts.attestations.end(), [&](const ImageAttestation& each) {
      return each.predicate_type == type && each.predicate_json == statement.predicate_json && each.about == statement.about;
    });
    if (known == facts.attestations.end())
      facts.attestations.push_back({type, {signer}, statement.predicate_json, statement.about});
    else
      AddName(known->signed_by, signer);
  }
}

JudgementPtr UnknownBecause(std::string message) {
  return std::make_shared<const Judgement>(Judgement{.kind = VerdictKind::kUnknown, .message = std::move(message), .statements = {}});
}

// The answer to a wish; without a judgement when there is none.
JudgedInquiry TryFindAnswer(const Wish& wish, const JudgedImage* judged) {
  if (wish.signer == nullptr || judged == nullptr) return {};
  const auto found = judged->inquiries.find(Inquiry{wish.signer, wish.predicate_type}.Key());
  return found == judged->inquiries.end() ? JudgedInquiry{} : found->second;
}

}  // namespace

// One need on its way: what is asked, then what came of it.
struct FactGatherer::Plan {
  std::vector<Wish> wishes;
  ImageReference reference;
  std::string refusal;  // why nothing is asked; "" = it is
  std::vector<Inquiry> inquiries;
  std::shared_ptr<const JudgedImage> judged;  // nullptr: not yet, or never
};

// Holds a place among those that gather; waits for one until the deadline.
class FactGatherer::Slot {
 public:
  Slot(const FactGatherer& owner, SteadyTime deadline) : owner_(owner) {
    std::unique_lock lock(owner.slots_mutex_);
    is_held_ = owner.slot_freed_.wait_until(lock, deadline, [&owner] { return owner.slots_used_ < owner.options_.limits.max_gathers; });
    if (is_held_) ++owner.slots_used_;
  }
  ~Slot() {
    if (!is_held_) return;
    {
      const std::lock_guard lock(owner_.slots_mutex_);
      --owner_.slots_used_;
    }
    owner_.slot_freed_.notify_one();
  }
  Slot(const Slot&) = delete;
  Slot& operator=(const Slot&) = delete;
  bool is_held() const { return is_held_; }

 private:
  const FactGatherer& owner_;
  bool is_held_ = false;
};

FactGatherer::FactGatherer(OpenImageSource open, const Clock& clock, const FactOptions& options)
    : open_(std::move(open)), options_(options), cache_(options.limits.max_cache_bytes), judge_(open_, clock, options_.limits, cache_) {}

GatheredFacts FactGatherer::Gather(const SignerSet& signers, std::span<const Need> needs, SteadyTime deadline,
                                   const PullCredentials& brought) const {
  const std::size_t asked = std::min<std::size_t>(needs.size(), options_.limits.max_images);
  std::vector<Plan> plans(std::min(needs.size(), asked + 1));  // the first that is too many tells; of the others nothing is known
  std::vector<Plan*> open;
  for (std::size_t at = 0; at < plans.size(); ++at) {
    if (at < asked) {
      plans[at] = MakePlan(signers, needs[at], brought.identity);
    } else {
      plans[at].wishes = WishesOf(signers, needs[at]);
      plans[at].refusal = "only " + std::to_string(asked) + " images of a request are looked at";
    }
    if (plans[at].refusal.empty() && !plans[at].judged) open.push_back(&plans[at]);
  }
  // What the cache knows needs no threads.
  RunParallel(open.size(), options_.limits.max_parallel_images,
              [&](std::size_t at) { open[at]->judged = JudgeOnce(open[at]->reference, open[at]->inquiries, deadline, brought); });
  GatheredFacts out;
  for (std::size_t at = 0; at < plans.size(); ++at) Report(needs[at], plans[at], out);
  return out;
}

FactGatherer::Plan FactGatherer::MakePlan(const SignerSet& signers, const Need& need, const std::string& identity) const {
  Plan plan;
  plan.wishes = WishesOf(signers, need);
  const Result<ImageReference> reference = ParseImageReference(need.key);
  if (!reference) {
    plan.refusal = reference.error().message;
  } else if (!reference->is_pinned() && options_.tags == TagRule::kDenied) {
    plan.refusal = "image " + Shown(need.key) + " is a tag, which can move: pin it by @sha256:…";
  } else {
    plan.reference = *reference;
    plan.inquiries = InquiriesOf(plan.wishes);
    plan.judged = judge_.TryCached(plan.reference, plan.inquiries, identity);
  }
  return plan;
}

void FactGatherer::Report(const Need& need, const Plan& plan, GatheredFacts& out) {
  ImageFacts& facts = out.images.emplace_back();
  facts.image = need.key;
  const std::string digest = plan.judged ? plan.judged->digest : "";
  if (plan.judged && !plan.reference.is_pinned())
    out.warnings.push_back("image " + Shown(need.key) + " is a tag, which can move" + (digest.empty() ? "" : ": pin @" + digest));
  for (const Wish& wish : plan.wishes) {
    const std::string& name = wish.name;
    const JudgedInquiry found = TryFindAnswer(wish, plan.judged.get());
    const JudgementPtr judgement =
        found.judgement ? found.judgement : UnknownBecause(plan.refusal.empty() ? "the signer is not loaded" : plan.refusal);
    out.findings.push_back({need.key, digest, name, wish.predicate_type, judgement->kind, found.from_cache, judgement->message});
    if (wish.predicate_type.empty())
      AddSignature(name, judgement->kind, facts);
    else
      AddAttestations(name, wish.predicate_type, *judgement, facts);
  }
}

std::shared_ptr<const JudgedImage> FactGatherer::JudgeOnce(const ImageReference& reference, const std::vector<Inquiry>& inquiries,
                                                           SteadyTime deadline, const PullCredentials& brought) const {
  std::string key = reference.Text() + "\n" + brought.identity;
  for (const Inquiry& inquiry : inquiries) key.append("\n").append(inquiry.Key());
  for (;;) {
    Result<std::shared_ptr<const JudgedImage>> judged =
        flights_.Run(key, deadline, TimeLeft(deadline), [&] { return JudgeInSlot(reference, inquiries, deadline, brought); });
    if (!judged) {
      auto unknown = std::make_shared<JudgedImage>();
      for (const Inquiry& inquiry : inquiries) unknown->inquiries[inquiry.Key()].judgement = UnknownBecause(judged.error().message);
      return unknown;
    }
    // Somebody else's question, who had less time: what is left open is asked again.
    if ((*judged)->is_out_of_time && (*judged)->deadline < deadline) continue;
    return *judged;
  }
}

Result<std::shared_ptr<const JudgedImage>> FactGatherer::JudgeInSlot(const ImageReference& reference, const std::vector<Inquiry>& inquiries,
                                                                     SteadyTime deadline, const PullCredentials& brought) const try {
  const Slot slot(*this, deadline);
  if (!slot.is_held()) return Error{ErrorCode::kUnreadable, "too many images are looked at already, and the time is over"};
  return std::shared_ptr<const JudgedImage>(std::make_shared<JudgedImage>(judge_.Judge(reference, inquiries, deadline, brought)));
} catch (const std::exception& fault) {  // nothing throws but for lack of memory; whoever waits must be told
  return Error{ErrorCode::kInternal, std::string("internal error: ") + fault.what()};
}

}  // namespace writ::image
