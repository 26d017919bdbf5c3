//! Which reference an embedding is most like.

use tch::{TchError, Tensor};

/// The reference found for a view.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Match {
    /// Its row among the references.
    pub reference: usize,
    /// The cosine of the angle between the two, as seen from the middle of the references: 1 where they point the same way.
    pub similarity: f64,
}

/// The most similar row of `references` for each row of `views`.
///
/// # Errors
/// When the rows are not of one length, or there are no references.
///
/// ```
/// use easycore_torch::search::nearest;
/// use tch::Tensor;
///
/// let references = Tensor::from_slice(&[0.0, 1.0, 1.0, 0.0]).view([2, 2]);
/// let found = nearest(&references, &Tensor::from_slice(&[3.0, 2.0]).view([1, 2]))?;
/// assert_eq!((found[0].reference, found[0].similarity > 0.0), (1, true));
/// # Ok::<(), tch::TchError>(())
/// ```
pub fn nearest(references: &Tensor, views: &Tensor) -> Result<Vec<Match>, TchError> {
    // Much is common to all photographs; only what tells one from another shall count.
    let middle = references.f_mean_dim(0, true, None)?;
    let direction = |rows: &Tensor| -> Result<Tensor, TchError> {
        let rows = rows.f_sub(&middle)?;
        rows.f_div(&rows.f_norm_scalaropt_dim(2, 1, true)?.f_clamp_min(f64::EPSILON)?)
    };
    let cosines = direction(views)?.f_matmul(&direction(references)?.f_tr()?)?;
    let (similarities, rows) = cosines.f_max_dim(1, false)?;
    let (similarities, rows) = (Vec::<f64>::try_from(similarities)?, Vec::<i64>::try_from(rows)?);
    Ok(rows
        .into_iter()
        .zip(similarities)
        .map(|(row, similarity)| Match { reference: usize::try_from(row).unwrap_or_default(), similarity })
        .collect())
}
