//! The values between layers that a training step keeps until its backward pass has used them.

use crate::spec::{Activation, InputShape, LayerSpec};

/// At the widest place the backward pass holds the gradient that comes in and the one that goes out.
const GRADIENTS_AT_ONCE: u64 = 2;

/// Numbers that one row of a batch keeps, the row itself left out.
pub(super) fn values_a_row(layers: &[LayerSpec], input: InputShape) -> u64 {
    let (mut area, mut channels) = match input {
        InputShape::Flat { features } => (1, features as u64),
        InputShape::Image { channels, height, width } => ((height * width) as u64, channels as u64),
    };
    let mut side = match input {
        InputShape::Flat { .. } => (1, 1),
        InputShape::Image { height, width, .. } => (height, width),
    };
    let (mut kept, mut widest) = (0_u64, 0);
    for layer in layers {
        let copies = match *layer {
            LayerSpec::Linear { outputs, .. } | LayerSpec::Conv { outputs, .. } => {
                channels = outputs as u64;
                1
            }
            // A dropout keeps its mask, and SiLU the sigmoid, beside the values behind it.
            LayerSpec::Activation(Activation::Silu) | LayerSpec::Dropout { .. } => 2,
            LayerSpec::BatchNorm { .. } | LayerSpec::Activation(_) => 1,
            LayerSpec::MaxPool => {
                side = (side.0 / 2, side.1 / 2);
                area = (side.0 * side.1) as u64;
                // The largest of four, and which one it was in eight bytes.
                3
            }
            LayerSpec::Flatten => {
                (channels, area) = (channels * area, 1);
                0
            }
        };
        let values = channels.saturating_mul(area);
        kept = kept.saturating_add(copies * values);
        widest = if copies > 0 { widest.max(values) } else { widest };
    }
    kept.saturating_add(GRADIENTS_AT_ONCE * widest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_linear_layer_keeps_its_output_before_and_behind_the_activation() {
        let layers = [
            LayerSpec::Linear { inputs: 5, outputs: 100 },
            LayerSpec::Activation(Activation::Relu),
            LayerSpec::Linear { inputs: 100, outputs: 1 },
        ];
        assert_eq!(values_a_row(&layers, InputShape::Flat { features: 5 }), 100 + 100 + 1 + 2 * 100);
    }

    #[test]
    fn pooling_keeps_a_quarter_and_where_it_came_from() {
        let layers = [LayerSpec::Conv { inputs: 1, outputs: 8 }, LayerSpec::MaxPool, LayerSpec::Flatten];
        let image = InputShape::Image { channels: 1, height: 7, width: 6 };
        assert_eq!(values_a_row(&layers, image), 8 * 42 + 3 * 8 * 9 + 2 * 8 * 42);
    }
}
