// The register code of a program's expressions, made when they are first asked for: what no request
// evaluates costs nothing, and no code ever comes from outside.
//
// Idea: one atomic pointer a node, which is empty until its code is finished. Whoever finds it
// empty takes a lock, looks again, makes the code and publishes it by one store. Readers of
// finished code never wait, and code never changes or moves once it is published.
//
//   const Code& code = cache.Of(rule.guard);   // the first thread makes it, all others read it
//
// Pointers lie in pages of 256 nodes, made when a node of theirs is first asked for: most nodes are
// arguments and never have code of their own.
//
// Cost: a lookup is two loads. What was thrown away: making all code at load, which a program of
// 100,000 rules pays for in full to decide by a few of them.
#pragma once

#include <atomic>
#include <memory>

#include "engine/emit/code.h"
#include "rules/ir/verify.h"

namespace writ {

// Thread-safe.
class CodeCache {
 public:
  // `program` is borrowed and must outlive the cache. O(nodes / 256).
  explicit CodeCache(const VerifiedProgram& program);
  ~CodeCache();
  CodeCache(const CodeCache&) = delete;
  CodeCache& operator=(const CodeCache&) = delete;

  // Returns the code of a node of the program, which mentions only variables of the first
  // `variables` depths from outside (none of them: a closed node). The count that it was first
  // asked with stays in the code. O(1); the first time O(size of the expression).
  const Code& Of(NodeId node, std::uint32_t variables = 0) const {
    const Page* page = pages_[node.index / kPageNodes].load(std::memory_order_acquire);
    const Code* code = page == nullptr ? nullptr : page->codes[node.index % kPageNodes].load(std::memory_order_acquire);
    return code != nullptr ? *code : Make(node, variables);
  }

 private:
  static constexpr std::size_t kPageNodes = 256;
  struct Page {
    std::atomic<const Code*> codes[kPageNodes] = {};
  };
  class Maker;

  const Code& Make(NodeId node, std::uint32_t variables) const;

  std::unique_ptr<std::atomic<Page*>[]> pages_;
  std::unique_ptr<Maker> maker_;
};

}  // namespace writ
