//! Two hands on one standing: a renewal and a request, each of which changes only what it has learnt.

use super::record::Standing;

/// The standing as it is now, with what `after` changed against `before`; whatever else has changed since stays.
pub fn amend(before: &Standing, after: Standing, now: &Standing) -> Standing {
    fn pick<T: Clone + PartialEq>(before: &T, after: T, now: &T) -> T {
        if after == *before { now.clone() } else { after }
    }
    Standing {
        health: pick(&before.health, after.health, &now.health),
        disabled: pick(&before.disabled, after.disabled, &now.disabled),
        strikes: pick(&before.strikes, after.strikes, &now.strikes),
        accepted: pick(&before.accepted, after.accepted, &now.accepted),
        refused: pick(&before.refused, after.refused, &now.refused),
        settled: pick(&before.settled, after.settled, &now.settled),
        minted: pick(&before.minted, after.minted, &now.minted),
        last_error: pick(&before.last_error, after.last_error, &now.last_error),
        rejections: pick(&before.rejections, after.rejections, &now.rejections),
        rejected_since: pick(&before.rejected_since, after.rejected_since, &now.rejected_since),
        renew_not_before: pick(&before.renew_not_before, after.renew_not_before, &now.renew_not_before),
        keep_not_before: pick(&before.keep_not_before, after.keep_not_before, &now.keep_not_before),
        put_off_at: pick(&before.put_off_at, after.put_off_at, &now.put_off_at),
        models: pick(&before.models, after.models, &now.models),
        rest: pick(&before.rest, after.rest, &now.rest),
        restored_at: pick(&before.restored_at, after.restored_at, &now.restored_at),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::credential::Generation;
    use crate::time::Timestamp;

    #[test]
    fn what_one_hand_learns_the_other_does_not_undo() {
        let before = Standing::default();
        let renewal = Standing {
            rejections: 1,
            renew_not_before: Some(Timestamp::from_secs(9)),
            ..Standing::default()
        };
        let request = Standing {
            refused: Some(Generation(1)),
            ..Standing::default()
        };
        let both = Standing {
            refused: Some(Generation(1)),
            ..renewal.clone()
        };
        assert_eq!(amend(&before, renewal.clone(), &request), both);
        assert_eq!(amend(&before, request.clone(), &renewal), both);
        assert_eq!(
            amend(&both, before.clone(), &both),
            before,
            "what is cleared is cleared"
        );
    }
}
