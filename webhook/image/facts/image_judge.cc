// Judging one image: cache, then places of signatures, then digests, then inquiries.
#include "webhook/image/facts/image_judge.h"

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>

#include "webhook/image/facts/judged_digests.h"
#include "webhook/image/gather/collector.h"
#include "webhook/image/reference/text.h"
#include "webhook/image/verify/verifier.h"

namespace writ::image {
namespace {

JudgementPtr Unknown(std::string message) {
  return std::make_shared<const Judgement>(Judgement{.kind = VerdictKind::kUnknown, .message = std::move(message), .statements = {}});
}

bool HasPassed(SteadyTime deadline) { return std::chrono::steady_clock::now() >= deadline; }

const ImageReference& PlaceOf(const ImageReference& image, const Inquiry& inquiry) {
  return inquiry.signer->repository ? *inquiry.signer->repository : image;
}

// INVARIANT: names everything that the judgement hangs on: what is signed, where the signatures are, whose count how, and who asked: that
// an image exists, and what is attached to it, is nobody's business who could not have asked the registry.
std::string CacheKey(const ImageReference& image, const std::string& digest, const Inquiry& inquiry, const std::string& identity) {
  return digest + " " + PlaceOf(image, inquiry).Name() + " " + inquiry.Key() + " " + identity;
}

std::vector<AttestedStatement> UniqueStatements(std::vector<VerifiedStatement>&& statements, const std::string& about) {
  std::vector<AttestedStatement> out;
  for (VerifiedStatement& statement : statements) {
    AttestedStatement one{about, std::move(statement.predicate_json)};
    if (std::find(out.begin(), out.end(), one) == out.end()) out.push_back(std::move(one));
  }
  return out;
}

Judgement JudgeOne(const GatheredMaterial& material, const Inquiry& inquiry, UnixNanos now, const ImageLimits& limits) {
  ExpectedSigner signer = inquiry.signer->signer;  // shares keys and trust root
  if (!inquiry.predicate_type.empty()) {
    signer.options.wanted = Wanted::kAttestation;
    signer.options.predicate_type = inquiry.predicate_type;
  }
  Verdict verdict = VerifyImage(material, signer, now, limits);
  const bool is_complete = verdict.kind != VerdictKind::kUnknown && (inquiry.predicate_type.empty() || material.faults.empty());
  return {.kind = verdict.kind,
          .message = std::move(verdict.message),
          .statements =
              UniqueStatements(std::move(verdict.statements), inquiry.signer->platforms == PlatformRule::kNamed ? "" : material.digest),
          .is_complete = is_complete};
}

std::size_t BytesOf(const std::vector<AttestedStatement>& statements) {
  std::size_t bytes = 0;
  for (const AttestedStatement& statement : statements) bytes += statement.predicate_json.size();
  return bytes;
}

// Both must be signed, or attested: the worse outcome counts, and every digest keeps its own statements.
void JoinDigest(Judgement&& other, std::size_t max_statement_bytes, Judgement& to) {
  const auto rank = [](VerdictKind kind) { return kind == VerdictKind::kRefuted ? 2 : kind == VerdictKind::kUnknown ? 1 : 0; };
  to.is_complete = to.is_complete && other.is_complete;
  if (rank(other.kind) > rank(to.kind)) {
    to.kind = other.kind;
    to.message = std::move(other.message);
  }
  if (BytesOf(to.statements) + BytesOf(other.statements) <= max_statement_bytes) {
    std::move(other.statements.begin(), other.statements.end(), std::back_inserter(to.statements));
    return;
  }
  to = {.kind = VerdictKind::kUnknown,
        .message = "the attestations of all platforms have more than " + std::to_string(max_statement_bytes) + " bytes",
        .statements = {}};
}

// The work on one image.
class Judging {
 public:
  Judging(const ImageReference& image, const OpenImageSource& open, SteadyTime deadline, UnixNanos now, const FactLimits& limits,
          const PullCredentials& brought)
      : image_(image), open_(open), deadline_(deadline), now_(now), limits_(limits), brought_(brought) {
    if (image.is_pinned()) digest_ = image.digest;
  }

  // Errors: the image cannot be asked for, or its tag cannot be resolved.
  Status Begin() {
    if (HasPassed(deadline_)) return Error{ErrorCode::kUnreadable, "the time for the request is over"};
    Result<std::unique_ptr<ImageSource>> source = open_(image_, deadline_, brought_);
    if (!source) return source.error();
    source_ = std::move(*source);
    return image_.is_pinned() ? OkStatus() : Resolve();
  }

  const std::string& digest() const { return digest_; }

  // Judges the inquiries, in order.
  std::vector<JudgementPtr> Judge(const std::vector<const Inquiry*>& inquiries) {
    std::vector<JudgementPtr> out(inquiries.size());
    std::map<std::pair<std::string, std::string>, std::vector<std::size_t>> by_place;  // repository and prefix → inquiries
    for (std::size_t at = 0; at < inquiries.size(); ++at) {
      const Inquiry& inquiry = *inquiries[at];
      by_place[{PlaceOf(image_, inquiry).Name(), inquiry.signer->tag_prefix}].push_back(at);
    }
    for (const auto& [place, members] : by_place) JudgePlace(inquiries, members, out);
    return out;
  }

 private:
  Status Resolve() {
    const Result<ResolvedImage> resolved = ResolveImage(*source_, image_.Target(), limits_.gather);
    if (!resolved) return Error{resolved.error().code, "image " + Shown(image_.Text()) + ": " + resolved.error().message};
    resolved_ = *resolved;
    digest_ = resolved->digest;
    return OkStatus();
  }

  // The digests that must be signed for the rule. Errors: they are not known.
  Result<std::vector<std::string>> DigestsOf(PlatformRule rule) {
    if (rule == PlatformRule::kNamed) return std::vector<std::string>{digest_};
    if (!resolved_) WRIT_RETURN_IF_ERROR(Resolve());
    return DigestsToJudge(*resolved_, rule, limits_.max_platforms);
  }

  // All inquiries whose signatures are in one place: each digest's material is fetched once, judged for all of them, and let go.
  void JudgePlace(const std::vector<const Inquiry*>& inquiries, const std::vector<std::size_t>& members, std::vector<JudgementPtr>& out) {
    const Inquiry& any = *inquiries[members.front()];
    std::unique_ptr<ImageSource> elsewhere;
    if (any.signer->repository && any.signer->repository->Name() != image_.Name()) {
      Result<std::unique_ptr<ImageSource>> opened = open_(*any.signer->repository, deadline_, brought_);
      if (!opened) {
        for (const std::size_t at : members) out[at] = Unknown(opened.error().message);
        return;
      }
      elsewhere = std::move(*opened);
    }
    std::vector<std::pair<std::string, std::vector<std::size_t>>> by_digest = GroupByDigest(inquiries, members, out);
    std::map<std::size_t, Judgement> judged;
    for (const auto& [digest, wanting] : by_digest) {
      const GatheredMaterial material = Gather(digest, any.signer->tag_prefix, elsewhere.get(), AttestationTagFor(inquiries, wanting));
      for (const std::size_t at : wanting) {
        Judgement one = JudgeOne(material, *inquiries[at], now_, limits_.verify);
        const auto [slot, is_first] = judged.try_emplace(at);
        if (is_first)
          slot->second = std::move(one);
        else
          JoinDigest(std::move(one), limits_.max_statement_bytes, slot->second);
      }
    }
    for (auto& [at, judgement] : judged) out[at] = std::make_shared<const Judgement>(std::move(judgement));
  }

  std::vector<std::pair<std::string, std::vector<std::size_t>>> GroupByDigest(const std::vector<const Inquiry*>& inquiries,
                                                                              const std::vector<std::size_t>& members,
                                                                              std::vector<JudgementPtr>& out) {
    std::vector<std::pair<std::string, std::vector<std::size_t>>> groups;
    for (const std::size_t at : members) {
      const Result<std::vector<std::string>> digests = DigestsOf(inquiries[at]->signer->platforms);
      if (!digests) {
        out[at] = Unknown(digests.error().message);
        continue;
      }
      for (const std::string& digest : *digests) {
        auto group = std::find_if(groups.begin(), groups.end(), [&digest](const auto& each) { return each.first == digest; });
        if (group == groups.end()) group = groups.insert(groups.end(), {digest, {}});
        group->second.push_back(at);
      }
    }
    return groups;
  }

  static AttestationTag AttestationTagFor(const std::vector<const Inquiry*>& inquiries, const std::vector<std::size_t>& wanting) {
    const bool wants_any = std::ranges::any_of(wanting, [&](std::size_t at) { return !inquiries[at]->predicate_type.empty(); });
    return wants_any ? AttestationTag::kRead : AttestationTag::kOnlyToExplain;
  }

  GatheredMaterial Gather(const std::string& digest, const std::string& tag_prefix, const ImageSource* elsewhere,
                          AttestationTag attestation_tag) const {
    if (HasPassed(deadline_)) {
      return {.digest = digest, .materials = {}, .faults = {{"image " + digest, "the time for the request is over"}}, .notes = {}};
    }
    GatherOptions options;
    options.tag_prefix = tag_prefix;
    options.signatures = elsewhere;
    options.attestation_tag = attestation_tag;
    options.presence = resolved_ ? ImagePresence::kKnown : ImagePresence::kMustBeChecked;
    options.limits = limits_.gather;
    return GatherMaterial(*source_, digest, options);
  }

  const ImageReference& image_;
  const OpenImageSource& open_;
  const SteadyTime deadline_;
  const UnixNanos now_;
  const FactLimits& limits_;
  const PullCredentials& brought_;
  std::unique_ptr<ImageSource> source_;
  std::optional<ResolvedImage> resolved_;
  std::string digest_;
};

}  // namespace

std::shared_ptr<const JudgedImage> ImageJudge::TryCached(const ImageReference& reference, const std::vector<Inquiry>& inquiries,
                                                         const std::string& identity) const {
  if (!reference.is_pinned()) return nullptr;
  auto out = std::make_shared<JudgedImage>();
  out->digest = reference.digest;
  for (const Inquiry& inquiry : inquiries) {
    JudgementPtr known = cache_.TryGet(CacheKey(reference, reference.digest, inquiry, identity), clock_.Now());
    if (!known) return nullptr;
    out->inquiries[inquiry.Key()] = {std::move(known), true};
  }
  return out;
}

JudgedImage ImageJudge::Judge(const ImageReference& reference, const std::vector<Inquiry>& inquiries, SteadyTime deadline,
                              const PullCredentials& brought) const {
  const UnixNanos now = clock_.Now();
  JudgedImage out{.digest = {}, .inquiries = {}, .deadline = deadline};
  Judging judging(reference, open_, deadline, now, limits_, brought);
  const Status begun = judging.Begin();
  out.digest = judging.digest();
  std::vector<const Inquiry*> missing;
  for (const Inquiry& inquiry : inquiries) {
    JudgedInquiry& judged = out.inquiries[inquiry.Key()];
    if (judged.judgement) continue;  // asked for twice
    if (!out.digest.empty()) judged.judgement = cache_.TryGet(CacheKey(reference, out.digest, inquiry, brought.identity), now);
    judged.from_cache = judged.judgement != nullptr;
    if (!judged.from_cache && !begun) judged.judgement = Unknown(begun.error().message);
    if (!judged.judgement) missing.push_back(&inquiry);
  }
  if (begun) {
    const std::vector<JudgementPtr> judged = judging.Judge(missing);
    for (std::size_t at = 0; at < missing.size(); ++at) {
      const Judgement& judgement = *judged[at];
      const bool is_verified = judgement.kind == VerdictKind::kVerified;
      if (judgement.is_complete)
        cache_.Put(CacheKey(reference, out.digest, *missing[at], brought.identity), judged[at], now,
                   is_verified ? limits_.verified_ttl : limits_.refuted_ttl);
      out.inquiries[missing[at]->Key()] = {judged[at], false};
    }
  }
  const bool is_open =
      std::any_of(out.inquiries.begin(), out.inquiries.end(), [](const auto& each) { return !each.second.judgement->is_complete; });
  out.is_out_of_time = is_open && HasPassed(deadline);
  return out;
}

}  // namespace writ::image
