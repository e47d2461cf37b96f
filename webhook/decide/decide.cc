// POST /v1/decide.
#include "webhook/decide/decide.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "webhook/decide/json_list.h"

namespace writ::server {
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

ImageDecision DecideOne(std::string_view text, const Engine& engine, Context& context, const DecideRequestOptions& options,
                        const Deadline& deadline, std::size_t max_residual_bytes = kMaxResidualBytes) {
  const auto begin = steady_clock::now();
  // Who asks here is a gateway, which is trusted with the principal and so with facts.
  ReadRequest& request = engine.Read(text, context, {.facts = CallerFacts::kTaken});
  ImageDecision decided =
      DecideWithImages(request, engine, {.max_residual_bytes = max_residual_bytes, .deadline = deadline}, options.images);
  if (options.on_decision) options.on_decision(decided.decision(), steady_clock::now() - begin);
  if (options.on_images && !decided.findings().empty()) options.on_images(decided.findings());
  return decided;
}

// Of an entry that nobody has looked at.
Decision Undecided(const Engine& engine) {
  Decision decision;
  decision.reason = Reason::kBudget;
  decision.messages.push_back("the list was not decided within the time that the request allows: nobody has looked at this entry");
  decision.bundle_digest = engine.policies().digest();
  return decision;
}

constexpr std::chrono::milliseconds kSliceTime{1};

// A list keeps a tenth of its time, at most a second, for the answer: what was decided must not be lost to the server's own 500.
steady_clock::time_point ListDeadline(const HttpRequest& request) {
  const auto now = steady_clock::now();
  if (request.deadline == steady_clock::time_point::max() || request.deadline <= now) return request.deadline;
  return request.deadline - std::min<steady_clock::duration>((request.deadline - now) / 10, std::chrono::seconds(1));
}

// The texts of a list are bounded together, too: by 1 MiB, or 4 KiB an entry where that is more.
std::size_t TextBytesOfEntry(std::size_t entries) {
  constexpr std::size_t kMaxListTextBytes = std::size_t{1} * 1024 * 1024, kMinEntryTextBytes = std::size_t{4} * 1024;
  return std::clamp(kMaxListTextBytes / std::max<std::size_t>(1, entries), kMinEntryTextBytes, kMaxTextBytes);
}

}  // namespace

DecideSteps::DecideSteps(const HttpRequest& request, const Engine& engine, DecideRequestOptions options)
    : request_(request), engine_(engine), options_(std::move(options)), deadline_{request.deadline, request.stopping} {}

std::optional<HttpReply> DecideSteps::Run(Context& context) {
  if (!has_begun_) {
    has_begun_ = true;
    if (std::optional<HttpReply> reply = Begin(context)) return reply;
  }
  for (const auto end = steady_clock::now() + kSliceTime; next_ < items_.size();) {
    DecideNext(context);
    if (steady_clock::now() >= end) break;
  }
  if (next_ < items_.size()) return std::nullopt;
  return HttpReply{.body = body_ + "]\n"};
}

// Returns the reply unless the body is a list.
std::optional<HttpReply> DecideSteps::Begin(Context& context) {
  // RFC 8259, section 8.1: a reader may ignore a byte-order mark. Files are read so, too.
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  std::string_view body = request_.body;
  if (body.starts_with(kByteOrderMark)) body.remove_prefix(kByteOrderMark.size());
  const std::size_t first = body.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return Deny(400, "the body is empty; expected a request or a list of requests as JSON", engine_);
  if (body[first] != '[') {
    const ImageDecision decided = DecideOne(body, engine_, context, options_, deadline_);
    const Decision& decision = decided.decision();
    return HttpReply{.status = decision.reason == Reason::kBadRequest ? 400U : 200U, .body = DecisionJson(decision) + "\n"};
  }
  Result<std::vector<std::string_view>> items = SplitJsonList(body, options_.max_list);
  if (!items) return Deny(items.error().code == ErrorCode::kTooLarge ? 413 : 400, items.error().message, engine_);
  items_ = std::move(*items);
  deadline_.at = ListDeadline(request_);
  return std::nullopt;
}

void DecideSteps::DecideNext(Context& context) {
  if (body_.size() > 1) body_ += ",\n ";
  const std::string_view item = items_[next_++];
  const std::size_t room = std::min(kMaxResidualBytes, residual_bytes_left_);
  Decision decision = deadline_.has_passed() ? Undecided(engine_) : DecideOne(item, engine_, context, options_, deadline_, room).decision();
  if (decision.residual) residual_bytes_left_ -= std::min(room, decision.residual->cel.size() + decision.residual->tree_json.size());
  FitTexts(decision, TextBytesOfEntry(items_.size()));
  body_ += DecisionJson(decision);
}

HttpReply Decide(const HttpRequest& request, const Engine& engine, Context& context, const DecideRequestOptions& options) {
  DecideSteps steps(request, engine, options);
  for (;;) {
    if (std::optional<HttpReply> reply = steps.Run(context)) return std::move(*reply);
  }
}

}  // namespace writ::server
