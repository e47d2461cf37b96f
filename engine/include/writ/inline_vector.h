// InlineVector: a vector whose first N items live inside it, so that an ordinary decision allocates nothing.
#pragma once

#include <cstddef>
#include <span>
#include <type_traits>
#include <vector>

namespace writ {

// Like std::vector for trivially copyable T, as far as decisions need it. Iterators are invalidated by push_back and by moves.
template <typename T, std::size_t N>
class InlineVector {
  static_assert(std::is_trivially_copyable_v<T>);

 public:
  using value_type = T;
  using iterator = T*;
  using const_iterator = const T*;

  std::size_t size() const { return spilled() ? heap_.size() : inline_size_; }
  bool empty() const { return size() == 0; }
  T* data() { return spilled() ? heap_.data() : inline_; }
  const T* data() const { return spilled() ? heap_.data() : inline_; }
  T* begin() { return data(); }
  T* end() { return data() + size(); }
  const T* begin() const { return data(); }
  const T* end() const { return data() + size(); }
  T& operator[](std::size_t position) { return data()[position]; }
  const T& operator[](std::size_t position) const { return data()[position]; }
  T& front() { return data()[0]; }
  const T& front() const { return data()[0]; }
  T& back() { return data()[size() - 1]; }
  const T& back() const { return data()[size() - 1]; }
  operator std::span<const T>() const { return {data(), size()}; }  // NOLINT(google-explicit-constructor): a view, as of std::vector

  void push_back(const T& item) {
    if (spilled()) {
      heap_.push_back(item);
    } else if (inline_size_ < N) {
      inline_[inline_size_++] = item;
    } else {
      const T copy = item;  // `item` may be one of our own
      heap_.reserve(2 * N + 1);
      heap_.assign(inline_, inline_ + N);
      heap_.push_back(copy);
      inline_size_ = 0;
    }
  }
  void clear() {
    heap_.clear();
    inline_size_ = 0;
  }

 private:
  // INVARIANT: once heap_ holds items, all items are there and inline_size_ is 0.
  bool spilled() const { return !heap_.empty(); }

  std::size_t inline_size_ = 0;
  T inline_[N] = {};
  std::vector<T> heap_;
};

}  // namespace writ
