// Every ceiling of Writ in one place. All fields are positive: there is no "unlimited", because policies, bundles and
// requests are all untrusted input to the process that runs them. Each limit has a test that hits it.
#pragma once

#include <cstddef>
#include <cstdint>

namespace writ {

// Ceilings for policy text (dsl).
struct SourceLimits {
  std::size_t max_file_bytes = std::size_t{4} * 1024 * 1024;
  std::uint32_t max_expression_depth = 128;        // nesting of one expression
  std::uint32_t max_chain_length = 1'024;          // levels of one expression, chains as `a + b + c` included; bounds recursion over it
  std::uint32_t max_expression_nodes = 1'000'000;  // of one file
  std::uint32_t max_diagnostics = 100;             // per run; the rest are counted
  std::uint32_t max_inline_nodes = 200'000;        // size of an expression after its `fn` calls were inlined
};

// Ceilings for one JSON document read by the engine (requests, AdmissionReviews, data).
struct JsonLimits {
  std::size_t max_bytes = std::size_t{8} * 1024 * 1024;  // an object of 3 MiB twice (object and oldObject), with slack
  std::uint32_t max_depth = 100;
};

// Ceilings for one decision. `max_steps` counts instructions plus the sizes that string, list and regex operations walk.
struct EvalLimits {
  std::uint64_t max_steps = 10'000'000;
  std::size_t max_arena_bytes = std::size_t{64} * 1024 * 1024;
  std::uint32_t max_list_items = 10'000;  // tools in one listing request
};

// What a thread keeps of an arena's memory from one decision to the next.
inline constexpr std::size_t kKeptArenaBytes = std::size_t{1} * 1024 * 1024;

// Ceilings for a bundle.
struct BundleLimits {
  std::size_t max_bytes = std::size_t{256} * 1024 * 1024;
  std::uint32_t max_node_depth = 1'500;      // levels of one expression; bounds every recursion over nodes
  std::uint32_t max_shared_depth = 200;      // nesting of shared sub-expressions; bounds the evaluator's recursion
  std::uint32_t max_code_nodes = 4'000'000;  // one expression written out, shared sub-expressions once: what register code grows with
};

}  // namespace writ
