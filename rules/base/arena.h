// A bump arena: allocations die together at Reset(); nothing in it has a destructor run.
// Cost: a compare and an add in the common case; blocks are kept across Reset(), so a warmed-up arena never calls malloc.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <string_view>
#include <type_traits>
#include <vector>

namespace writ {

// Not thread-safe. Pointers stay valid until Reset() or destruction.
class Arena {
 public:
  // `max_bytes`: ceiling for all blocks together; Allocate returns nullptr beyond it.
  explicit Arena(std::size_t max_bytes = kDefaultMaxBytes) : max_bytes_(max_bytes) {}
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  // Returns `bytes` bytes aligned to 16, or nullptr when the ceiling would be passed. O(1) amortised.
  // NOLINTNEXTLINE(misc-no-recursion): once, after a block was added
  void* Allocate(std::size_t bytes) {
    const std::size_t rounded = (bytes + 15) & ~std::size_t{15};
    if (rounded < bytes) return nullptr;
    if (rounded > static_cast<std::size_t>(limit_ - cursor_)) return AllocateFallback(rounded);
    char* result = cursor_;
    cursor_ += rounded;
    return result;
  }

  // Returns uninitialised room for `count` T, or nullptr when the ceiling would be passed.
  template <typename T>
  T* AllocateArray(std::size_t count) {
    static_assert(std::is_trivially_destructible_v<T>, "nothing in an arena has its destructor run");
    constexpr std::size_t kItemBytes = sizeof(T);  // NOLINT(bugprone-sizeof-expression): T may be a pointer
    if (count > max_bytes_ / kItemBytes) return nullptr;
    return static_cast<T*>(Allocate(count * kItemBytes));
  }

  // Returns a copy of `text` that lives as long as the arena's contents; data() is nullptr when the ceiling would be passed.
  std::string_view CopyString(std::string_view text) {
    char* room = AllocateArray<char>(text.size() + 1);
    if (room == nullptr) return {};
    if (!text.empty()) std::memcpy(room, text.data(), text.size());
    room[text.size()] = '\0';
    return {room, text.size()};
  }

  // Forgets all allocations, keeps the blocks. O(1).
  void Reset();

  // Reset(), and frees blocks until no more than `max_kept_bytes` are left. For after an unusually large use.
  void Trim(std::size_t max_kept_bytes);

  // Bytes handed out since the last Reset(), including rounding and block tails.
  std::size_t used_bytes() const;

 private:
  static constexpr std::size_t kDefaultMaxBytes = std::size_t{64} * 1024 * 1024;
  static constexpr std::size_t kFirstBlockBytes = 16 * 1024;
  struct Block {
    std::unique_ptr<char[]> bytes;
    std::size_t size = 0;
  };

  [[gnu::cold]] void* AllocateFallback(std::size_t bytes);

  std::size_t max_bytes_;
  // Before the first block: a place with no room, so that zero bytes from a fresh arena are not mistaken for a full one.
  static inline char no_room_[1] = {};
  char* cursor_ = no_room_;
  char* limit_ = no_room_;
  std::vector<Block> blocks_;
  std::size_t current_block_ = 0;   // index of the block that cursor_ is in, when blocks_ is not empty
  std::size_t total_bytes_ = 0;     // sum of blocks_[i].size
  std::size_t finished_bytes_ = 0;  // sum of sizes of the blocks before current_block_
};

}  // namespace writ
