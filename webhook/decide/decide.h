// POST /v1/decide: one request or a list of them, in the JSON of docs/requests_and_decisions.md. Pure: no socket, no log.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "webhook/decide/image_facts.h"
#include "webhook/http/message.h"
#include "writ/engine.h"

namespace writ::server {

struct DecideRequestOptions {
  std::size_t max_list = 1'000;
  std::function<void(const Decision&, std::chrono::nanoseconds)> on_decision;  // once a decision; may be empty
  ImageLookup images;                                                          // for requests that do not bring their facts along
  std::function<void(const std::vector<image::ImageFinding>&)> on_images;      // once a request whose images were looked at; may be empty
};

// Returns 200 with the decision, or with the list of decisions in the order of the requests (each stands alone: a bad one denies and
// the others are decided). 400 for a single request that is none and for a body that is not JSON, 413 for a longer list: both carry a
// decision that denies, so that a caller who looks at the body only is told to deny. A list is answered before `request.deadline`: what
// is not decided by then is denied, Reason::kBudget. Thread-safe with a context a thread.
http::HttpReply Decide(const http::HttpRequest& request, const Engine& engine, Context& context, const DecideRequestOptions& options = {});

// The same in steps, so that a list leaves its worker to others between its entries.
//
//   DecideSteps steps(request, engine, options);
//   while (!(reply = steps.Run(context))) …   // any context, any thread, one at a time
//
// Borrows the request's body, the engine and what `options` points at for its life.
class DecideSteps {
 public:
  DecideSteps(const http::HttpRequest& request, const Engine& engine, DecideRequestOptions options);
  // Decides a single request, or entries of a list for about a millisecond, at least one. Returns the reply when nothing is left.
  std::optional<http::HttpReply> Run(Context& context);

 private:
  std::optional<http::HttpReply> Begin(Context& context);
  void DecideNext(Context& context);

  const http::HttpRequest& request_;
  const Engine& engine_;
  DecideRequestOptions options_;
  Deadline deadline_;
  bool has_begun_ = false;
  std::vector<std::string_view> items_;
  std::size_t next_ = 0;                                            // of items_
  std::size_t residual_bytes_left_ = std::size_t{4} * 1024 * 1024;  // of all entries together
  std::string body_ = "[";
};

}  // namespace writ::server
