// Making code and publishing it; see code_cache.h.
#include "engine/emit/code_cache.h"

#include <deque>
#include <mutex>
#include <new>

#include "engine/emit/emitter.h"

namespace writ {
namespace {

// Code is no larger than a constant multiple of the expressions that it is made from, which
// VerifyProgram bounds.
constexpr std::size_t kArenaBytes = std::size_t{1} << 40U;

}  // namespace

// Everything that the lock guards.
class CodeCache::Maker {
 public:
  explicit Maker(const Program& program)
      : arena_(kArenaBytes), emission_{program, arena_, ConstantPool(program, arena_), RegexPool(program), {}} {}

  std::mutex mutex;
  std::deque<Page> pages;

  // Code stands beside what it names: evaluating it touches few cache lines.
  const Code* Make(NodeId node, std::uint32_t variables) {
    const Code code = EmitCode(emission_, node, variables);
    return new (arena_.Allocate(sizeof(Code))) Code(code);
  }

 private:
  Arena arena_;
  Emission emission_;
};

CodeCache::CodeCache(const VerifiedProgram& program)
    : pages_(std::make_unique<std::atomic<Page*>[]>(program.program().nodes.size() / kPageNodes + 1)),
      maker_(std::make_unique<Maker>(program.program())) {}

CodeCache::~CodeCache() = default;

const Code& CodeCache::Make(NodeId node, std::uint32_t variables) const {
  const std::lock_guard lock(maker_->mutex);
  std::atomic<Page*>& place = pages_[node.index / kPageNodes];
  Page* page = place.load(std::memory_order_relaxed);
  if (page == nullptr) {
    page = &maker_->pages.emplace_back();
    place.store(page, std::memory_order_release);
  }
  std::atomic<const Code*>& code = page->codes[node.index % kPageNodes];
  if (code.load(std::memory_order_relaxed) == nullptr) code.store(maker_->Make(node, variables), std::memory_order_release);
  return *code.load(std::memory_order_relaxed);
}

}  // namespace writ
