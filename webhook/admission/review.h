// AdmissionReview v1 in, AdmissionReview v1 out. No socket, no clock, no log of its own; tested from recorded reviews.
//
//   AdmissionReply reply = Review(body, engine, context, {});
//   // reply.status 200: reply.body holds the same uid and allowed true or false
//   // otherwise nothing was decided: the API server's failurePolicy decides, and this never says "allowed": true
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "webhook/decide/image_facts.h"
#include "writ/engine.h"

namespace writ::server {

struct ReviewOptions {
  std::size_t max_message_bytes = std::size_t{32} * 1024;  // of the whole denial
  std::size_t max_warning_characters = 256;                // one warning: the API server may cut what is longer
  std::size_t max_warning_bytes = 4096;                    // all warnings: beyond it the API server drops them
  std::size_t max_note_bytes = 4096;                       // one audit annotation
  Deadline deadline = {};                                  // of the decision
};

enum class ReviewOutcome : std::uint8_t { kAllowed, kDenied, kFailed };
std::string_view ReviewOutcomeName(ReviewOutcome outcome);  // "allowed", "denied", "failed"

// The answer, and what a log line and a metric want to know of it.
struct AdmissionReply {
  unsigned status = 500;  // 200; 400: not an AdmissionReview v1; 500: internal failure
  std::string body;       // JSON
  ReviewOutcome outcome = ReviewOutcome::kFailed;
  std::string uid, operation, kind, object_namespace, name;  // "" = unknown; kind is "MCPServer.toolhive.stacklok.dev"
  bool dry_run = false;
  std::string rules;      // the determining ones: "server_baseline.r1, server_baseline.r3"
  std::string rule_keys;  // theirs: "277c63c79f4a, 10070c4e58b4"; none of an older bundle
  std::string shadow;     // those of policies in shadow mode, as `rules`
  std::string shadow_keys;
  std::string failure;                      // ReviewOutcome::kFailed: why
  std::vector<image::ImageFinding> images;  // what was found out about signatures
};

// Decides one review. Signatures of images are looked up where a policy wants to know them; without
// `images.source` they are not known, and what requires them is denied. A dry run looks at quotas
// without using them up. Never throws; exceptions of the engine are a 500. Thread-safe with a
// context a thread. Cost: the text is parsed once; with a source of facts, what finding them takes.
AdmissionReply Review(std::string_view body, const Engine& engine, Context& context, const ReviewOptions& options = {},
                      const ImageLookup& images = {});

// Returns the AdmissionReview answer to the request `uid` for a decision. `decision.reason` is not kBadRequest.
std::string ReviewAnswer(std::string_view uid, const Decision& decision, const ReviewOptions& options = {});

// The parts of the answer, for tests.
// All messages, each on one line of its own (line breaks become spaces, other control and bidirectional characters are escaped: no value
// can forge a line or steer a terminal); several are headed "2 violations:" and led by "- [policy.rule] ". Where max_message_bytes is too
// little, long messages are cut with "…", then dropped, so that every rule is named; only when the names alone do not fit, a last line
// counts the rest.
std::string DenialMessage(const Decision& decision, const ReviewOptions& options = {});
// One line each, cut with "…"; what passes the limit on all, and `left_out` that the decision left out, are counted in a last line.
std::vector<std::string> WarningLines(const std::vector<std::string>& warnings, std::uint64_t left_out = 0,
                                      const ReviewOptions& options = {});
// A valid annotation name: letters, digits, '-', '_' and '.', at most 63 characters, letters or digits at both ends.
std::string AnnotationKey(std::string_view note);

}  // namespace writ::server
