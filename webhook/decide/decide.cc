// POST /v1/decide.
#include "webhook/decide/decide.h"

#include <string>
#include <utility>
#include <vector>

#include "webhook/decide/json_list.h"

namespace writ {
namespace {

using http::HttpReply;
using http::HttpRequest;
using std::chrono::steady_clock;

HttpReply Deny(unsigned status, std::string message, const Engine& engine) {
  Decision decision;
  decision.effect = Effect::kDeny;
  decision.reason = Reason::kBadRequest;
  decision.messages.push_back(std::move(message));
  decision.bundle_digest = engine.policies().digest();
  return HttpReply{.status = status, .body = DecisionJson(decision) + "\n"};
}

Decision DecideOne(std::string_view text, const Engine& engine, Context& context, const DecideRequestOptions& options) {
  const auto begin = steady_clock::now();
  ImageDecision decided = DecideWithImages(text, engine, context, {}, options.images);
  if (options.on_decision) options.on_decision(decided.decision, steady_clock::now() - begin);
  if (options.on_images && !decided.findings.empty()) options.on_images(decided.findings);
  return std::move(decided.decision);
}

HttpReply DecideList(const HttpRequest& request, const Engine& engine, Context& context, const DecideRequestOptions& options) {
  const Result<std::vector<std::string_view>> items = SplitJsonList(request.body, options.max_list);
  if (!items) return Deny(items.error().code == ErrorCode::kTooLarge ? 413 : 400, items.error().message, engine);
  std::string body = "[";
  for (const std::string_view item : *items) {
    if (request.expired()) return http::ErrorReply(500, "the list was not decided within the time that the request allows");
    if (body.size() > 1) body += ",\n ";
    body += DecisionJson(DecideOne(item, engine, context, options));
  }
  return HttpReply{.body = body + "]\n"};
}

}  // namespace

HttpReply Decide(const HttpRequest& request, const Engine& engine, Context& context, const DecideRequestOptions& options) {
  const std::size_t first = request.body.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return Deny(400, "the body is empty; expected a request or a list of requests as JSON", engine);
  if (request.body[first] == '[') return DecideList(request, engine, context, options);
  const Decision decision = DecideOne(request.body, engine, context, options);
  return HttpReply{.status = decision.reason == Reason::kBadRequest ? 400U : 200U, .body = DecisionJson(decision) + "\n"};
}

}  // namespace writ
