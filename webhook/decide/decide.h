// POST /v1/decide: one request or a list of them, in the JSON of docs/requests_and_decisions.md. Pure: no socket, no log.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>

#include "webhook/decide/image_facts.h"
#include "webhook/http/message.h"
#include "writ/engine.h"

namespace writ {

struct DecideRequestOptions {
  std::size_t max_list = 1'000;
  std::function<void(const Decision&, std::chrono::nanoseconds)> on_decision;  // once a decision; may be empty
  ImageLookup images;                                                          // for requests that do not bring their facts along
  std::function<void(const std::vector<image::ImageFinding>&)> on_images;      // once a request whose images were looked at; may be empty
};

// Returns 200 with the decision, or with the list of decisions in the order of the requests (each stands alone: a bad one denies and
// the others are decided). 400 for a single request that is none and for a body that is not JSON, 413 for a longer list: both carry a
// decision that denies, so that a caller who looks at the body only is told to deny. 500 when `request.deadline` passes in a list.
// Thread-safe with a context a thread.
http::HttpReply Decide(const http::HttpRequest& request, const Engine& engine, Context& context, const DecideRequestOptions& options = {});

}  // namespace writ
