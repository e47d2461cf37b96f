#include "webhook/decide/image_facts.h"

#include <algorithm>
#include <iterator>
#include <set>
#include <string>
#include <utility>

#include "engine/json/json_node.h"

namespace writ::server {
namespace {

using image::GatheredFacts;
using image::ImageFinding;
using image::VerdictKind;

// Adds each warning once.
class Warnings {
 public:
  explicit Warnings(Decision& decision) : decision_(decision), told_(decision.warnings.begin(), decision.warnings.end()) {}
  void Add(const std::string& text) {
    if (told_.insert(text).second) decision_.warnings.push_back(text);
  }

 private:
  Decision& decision_;
  std::set<std::string> told_;
};

// "release verified" or "attestation https://… by release unknown".
std::string OutcomeText(const ImageFinding& finding) {
  const std::string what =
      finding.predicate_type.empty() ? finding.signer : "attestation " + finding.predicate_type + " by " + finding.signer;
  return what + " " + std::string(VerdictKindName(finding.kind));
}

// One note for each image: the digest that was judged, and every outcome with its reason.
void AddNotes(const std::vector<ImageFinding>& findings, Decision& decision) {
  std::size_t number = 0;
  for (std::size_t at = 0; at < findings.size(); ++at) {
    const ImageFinding& finding = findings[at];
    const bool is_new = at == 0 || findings[at - 1].image != finding.image;
    if (is_new) {
      std::string text = finding.image + (finding.digest.empty() ? ": digest unknown" : ": " + finding.digest);
      decision.notes.emplace_back("image-" + std::to_string(++number), std::move(text));
    }
    std::string& text = decision.notes.back().second;
    text.append("; ").append(OutcomeText(finding));
    if (finding.kind != VerdictKind::kVerified) text.append(" (").append(finding.message).append(")");
  }
}

// Finds out one round of needs after the other. A fact that the engine refuses makes the request a
// deny.
GatheredFacts GatherAll(ReadRequest& request, const Engine& engine, const Deadline& deadline, const ImageLookup& lookup) {
  GatheredFacts all;
  for (;;) {
    std::vector<Need> images;
    for (const Need& need : engine.FindNeeds(request, deadline)) {
      if (need.kind == kImageFacts) images.push_back(need);
    }
    if (images.empty()) return all;
    const PullSecretNames secrets = lookup.pull_secrets == PullSecrets::kOfObject ? FindPullSecrets(request.document()) : PullSecretNames();
    GatheredFacts found = lookup.source->Gather(images, lookup.deadline, secrets);
    for (const image::ImageFacts& facts : found.images) {
      if (!request.Provide({.kind = kImageFacts, .key = facts.image, .json = FactJson(facts)})) return all;
    }
    std::move(found.warnings.begin(), found.warnings.end(), std::back_inserter(all.warnings));
    std::move(found.findings.begin(), found.findings.end(), std::back_inserter(all.findings));
  }
}

}  // namespace

ImageDecision::ImageDecision(const Decision& decision, image::GatheredFacts facts)
    : decided_(&decision), told_(decision), findings_(std::move(facts.findings)) {
  Warnings warnings(*told_);
  for (const std::string& warning : facts.warnings) warnings.Add(warning);
  if (told_->effect != Effect::kAllow) {
    for (const ImageFinding& finding : findings_) {
      if (finding.kind != VerdictKind::kVerified) warnings.Add(finding.message);
    }
  }
  AddNotes(findings_, *told_);
  FitTexts(*told_);
}

ImageDecision DecideWithImages(ReadRequest& request, const Engine& engine, const DecideOptions& options, const ImageLookup& lookup) {
  const GatheredFacts facts = lookup.source == nullptr ? GatheredFacts() : GatherAll(request, engine, options.deadline, lookup);
  const Decision& decision = engine.Decide(request, options).Settle();
  return facts.findings.empty() && facts.warnings.empty() ? ImageDecision(decision) : ImageDecision(decision, facts);
}

image::SteadyTime GatherUntil(std::chrono::steady_clock::time_point now, std::chrono::steady_clock::time_point answer_by) {
  if (answer_by <= now) return now;
  const std::chrono::steady_clock::duration kept =
      std::min<std::chrono::steady_clock::duration>((answer_by - now) / 10, std::chrono::milliseconds(200));
  return answer_by - kept;
}

}  // namespace writ::server
