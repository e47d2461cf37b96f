// Requests given field by field: the same shape, defaults and types, without JSON.
#include "engine/request/convert.h"
#include "engine/request/request_reader.h"
#include "rules/model/resource_uri.h"

namespace writ {

Result<Request> RequestReader::ReadFields(const FieldRequest& request) {
  if (!FillFields(request)) return error_;
  return std::move(request_);
}

bool RequestReader::FillFields(const FieldRequest& request) {
  const Shape* shape = request.target == Target::kRows ? shapes_.FindTable(request.scope) : &shapes_.Of(request.target);
  if (shape == nullptr) return Fail("unknown table \"" + std::string(request.scope) + "\"");
  Begin(*shape);
  if (!CheckScope(request.scope)) return false;
  if (shape_->has_whole_records) {
    if (!CheckSelectors(request) || !ReadFieldChain(request)) return false;
    for (const ShapeNodeId root : shape_->roots) {
      if (!FillRootFromSelector(root, request)) return false;
    }
  } else if (!FillSelectors(request) || !ReadFieldChain(request)) {
    return false;
  }
  SetChainSlots();
  if (shape_->time_node.valid()) SetSlots((*shape_)[shape_->time_node], DefaultNow((*shape_)[shape_->time_node]));
  for (const FieldRequest::Field& field : request.fields) {
    if (!field.slot.valid()) continue;
    const bool is_folded = shape_->folded_node.valid() && (*shape_)[shape_->folded_node].slot == field.slot;
    if (is_folded) return FailType("resource.folded", "is worked out from `resource.uri`");
    if (!FillField(field.slot, field.value)) return false;
  }
  request_.scope = request.scope;
  request_.name = request.name;
  return true;
}

// Checks the selectors as they are filled, each once.
bool RequestReader::FillSelectors(const FieldRequest& request) {
  if (!FillSelector(shape_->scope_node, request.scope) || !FillSelector(shape_->name_node, request.name)) return false;
  if (!shape_->folded_node.valid()) return true;
  return FoldResource(request.name) && FillSelector(shape_->folded_node, WithoutSlashAtEnd(request_.folded));
}

bool RequestReader::CheckSelectors(const FieldRequest& request) {
  const auto check = [this](ShapeNodeId id, std::string_view text) { return !id.valid() || CheckSpelling((*shape_)[id], text); };
  if (!check(shape_->scope_node, request.scope) || !check(shape_->name_node, request.name)) return false;
  return !shape_->folded_node.valid() || FoldResource(request.name);
}

// Where records are read as a whole, their maps are made of the defaults and of what the selector key says.
bool RequestReader::FillRootFromSelector(ShapeNodeId root, const FieldRequest& request) {
  const ShapeNode& node = (*shape_)[root];
  if (node.kind != TypeKind::kRecord || node.if_absent == MemberDefault::kAbsent) return true;
  Derived derived[3];
  std::size_t count = 0;
  const auto add = [&](ShapeNodeId id, std::string_view text) {
    if (id.valid() && !text.empty() && (*shape_)[id].path == node.key + "." + (*shape_)[id].key)
      derived[count++] = {(*shape_)[id].key, Value::String(text)};
  };
  add(shape_->scope_node, request.scope);
  add(shape_->name_node, request.name);
  add(shape_->folded_node, WithoutSlashAtEnd(request_.folded));
  return FillRecord(root, JsonNode(), {.derived = {derived, count}}, nullptr);
}

// server.name, tool.name and so on say the same as the selector key. Their spelling is checked
// whether or not a rule reads them.
bool RequestReader::FillSelector(ShapeNodeId id, std::string_view text) {
  if (!id.valid()) return true;
  const ShapeNode& node = (*shape_)[id];
  if (text.empty() || !node.slot.valid()) return CheckSpelling(node, text);
  return FillField(node.slot, Value::String(text));
}

bool RequestReader::FillField(SlotId slot, Value value) {
  const Program& program = *shapes_.program;
  const ShapeNodeId id = slot.index < shape_->node_of_slot.size() ? shape_->node_of_slot[slot.index] : ShapeNodeId();
  if (!id.valid()) return Fail("a field that this target does not have");
  const ShapeNode& node = (*shape_)[id];
  for (SlotId above = program.slots[slot.index].parent; above.valid(); above = program.slots[above.index].parent) {
    if (program.slots[above.index].whole)
      return FailType(node.path, "cannot be set alone: a rule reads `" + SlotPath(program, above) + "` as a whole");
    if (!slots_[above].is(Kind::kMap)) slots_.Set(above, Value::Map(nullptr));
  }
  if (value.is(Kind::kAbsent) || (value.is(Kind::kNull) && node.declared && !node.nullable)) return true;
  if (node.is_identity && value.is(Kind::kString) && IsBlank(value.string())) return true;
  if (value.is(Kind::kUnknown)) {
    MarkUnknown(node.path);
    return true;
  }
  if (value.is(Kind::kError)) return FailType(node.path, "cannot be an error");
  if (!node.declared) {
    slots_.Fill(program, shapes_.tree, slot, value);
    return true;
  }
  return SetLeaf(id, value, nullptr);
}

}  // namespace writ
